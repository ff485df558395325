// Buttons on the points of a chart, and the column of text that each of them fills.
const columnOf = (name) => document.querySelector(`#learned section[data-name="${name}"]`);

export function points(chart, trigger) {
  chart.addEventListener("click", (event) => {
    const point = event.target.closest("button[data-x]");
    if (!point) return;
    trigger("select", { step: Number(point.dataset.x) });
    const column = columnOf(point.dataset.x);
    if (column?.getBoundingClientRect().top > 0.7 * innerHeight)
      column.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
}

export function columns(texts) {
  // Mark the point whose column is marked.
  new MutationObserver(() => {
    const selected = texts.querySelector("section.here")?.dataset.name;
    for (const point of document.querySelectorAll("#points button[data-x]")) {
      point.classList.toggle("here", point.dataset.x === selected);
      if (point.dataset.x === selected) point.setAttribute("aria-current", "true");
      else point.removeAttribute("aria-current");
    }
  }).observe(texts, { subtree: true, attributeFilter: ["class"], childList: true });
}
