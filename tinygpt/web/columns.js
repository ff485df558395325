// Texts side by side.

import { create, drawLines, drawPieces } from "./dom.js";
import { firstDifference, markedPieces } from "./pieces.js";

// Draw Columns (see backend.js) into an element, and Lines below them. With `compare`, a mark shows where each text
// first differs from the one before it.
export const drawColumns = (element, columns, { compare = false, lines = [] } = {}) => {
  let [grid, below] = element.children;
  if (!grid?.matches(".side-by-side") || grid.children.length !== columns.length) {
    [grid, below] = [create("div", { class: "side-by-side" }, ...columns.map(section)), create("div")];
    element.replaceChildren(grid, below);
  }
  columns.forEach((column, i) => update(grid.children[i], column, compare && i ? columns[i - 1].text : column.text));
  drawLines(below, lines);
};

const section = () => create("section", {}, create("h2"), create("div", { class: "output-text" }));

const update = (section, { heading, text, memorized, name, selected, link }, before) => {
  section.dataset.name = name;
  section.classList.toggle("here", selected);
  selected ? section.setAttribute("aria-current", "true") : section.removeAttribute("aria-current");
  const [title, body, anchor] = section.children;
  title.textContent = heading;
  drawPieces(body, markedPieces(text, firstDifference(text, before), memorized));
  if (anchor) anchor.remove();
  const label = `Link to the text under ${heading}`;
  if (link) section.append(create("a", { href: link, target: "_blank", "aria-label": label }, "Link"));
};
