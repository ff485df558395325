// Texts side by side, each under a heading, with Lines above them.

import { create, drawLines, drawPieces } from "./dom.js";
import { firstDifference, markedPieces, playPieces } from "./pieces.js";

// Draws Columns (see backend.js) in an element. With `compare`, a mark shows where each text first differs from the one
// before it.
export class Columns {
  #compare;
  #lines = create("div", { class: "lines", role: "status" });
  #columns = create("div", { class: "side-by-side", role: "group", "aria-label": "Texts side by side", tabindex: 0 });

  constructor(element, { compare = false } = {}) {
    this.#compare = compare;
    element.replaceChildren(this.#lines, this.#columns);
  }

  // Without `columns`, those that are there stay.
  show({ columns, status }) {
    drawLines(this.#lines, status);
    if (!columns) return;
    if (this.#columns.children.length !== columns.length) this.#columns.replaceChildren(...columns.map(section));
    columns.forEach((column, i) => {
      const before = this.#compare && i ? columns[i - 1].text : column.text;
      update(this.#columns.children[i], column, firstDifference(column.text, before));
    });
  }

  // Mark the column with a name, and bring it into view.
  select(name) {
    for (const section of this.#columns.children) {
      if (section.dataset.name === name) {
        section.setAttribute("aria-current", "true");
        section.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else section.removeAttribute("aria-current");
    }
  }
}

const section = () =>
  create(
    "section",
    {},
    create("h2"),
    create("p", { class: "caption" }),
    create("div", { class: "output-text" }),
    create("div"),
  );

const update = (section, { name, heading, caption, detail, text, memorized, link }, marked) => {
  section.dataset.name = name;
  const [title, words, body, below] = section.children;
  title.textContent = heading;
  words.textContent = caption;
  words.title = detail;
  drawPieces(body, pieces(text, marked, memorized));
  const label = `${heading}: open the text in the Write tab`;
  if (link !== (below.firstChild?.getAttribute("href") ?? ""))
    below.replaceChildren(...(link ? [create("a", { href: link, "aria-label": label }, "Open in Write")] : []));
};

// A text laid out like a printed play, but for what is marked in it.
const pieces = (text, marked, memorized) =>
  markedPieces(text, marked, memorized).flatMap((piece) => (piece.kind ? piece : playPieces(piece.text)));
