// Buttons on the points of a chart, and the columns of texts that they fill.

// Call `onSelect` with the x of a point when a person chooses it.
export const listenToPoints = (chart, onSelect) =>
  chart.addEventListener("click", (event) => {
    const point = event.target.closest("button[data-x]");
    if (point) onSelect(Number(point.dataset.x));
  });

// Mark the point whose column is selected; null for none.
export const markPoint = (chart, x) => {
  for (const point of chart.querySelectorAll("button[data-x]")) {
    const selected = point.dataset.x === x;
    point.classList.toggle("here", selected);
    selected ? point.setAttribute("aria-current", "true") : point.removeAttribute("aria-current");
  }
};
