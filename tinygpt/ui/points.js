// Points of a chart that can be pressed, and the columns that show what became of it.
{
  const named = (name) => document.querySelector(`#learned section[data-name="${name}"]`);

  Object.assign(window.tinygpt, {
    points(chart, trigger) {
      chart.addEventListener("click", (event) => {
        const point = event.target.closest("button[data-x]");
        if (!point) return;
        trigger("select", { step: Number(point.dataset.x) });
        const column = named(point.dataset.x);
        if (column?.getBoundingClientRect().top > 0.7 * innerHeight)
          column.scrollIntoView({ block: "nearest", behavior: "smooth" });
      });
    },
    columns(texts) {
      // The point of the column that the visitor asked for is marked as the column is.
      new MutationObserver(() => {
        const here = texts.querySelector("section.here")?.dataset.name;
        for (const point of document.querySelectorAll("#points button[data-x]")) {
          point.classList.toggle("here", point.dataset.x === here);
          if (point.dataset.x === here) point.setAttribute("aria-current", "true");
          else point.removeAttribute("aria-current");
        }
      }).observe(texts, { subtree: true, attributeFilter: ["class"], childList: true });
    },
  });
}
