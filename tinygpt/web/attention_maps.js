// The attention of every head over a window of text: the text, a large map of one head, and small ones of all.
// Whoever shows them places the four parts in the document: `text`, `readout`, `overview` and `map`.

import { isPointing } from "./browser.js";
import { create, percent, quoted } from "./dom.js";
import { saveButtons } from "./figures.js";
import { explained } from "./glossary.js";
import { mapFigure, mapsFigure } from "./map_figures.js";
import { aboutText } from "./share_link.js";

const back = (count) => (count ? `${count} back` : "itself");
const clamp = (index, count) => Math.max(0, Math.min(count - 1, index));

const decompress = async (encoded) => {
  const binary = atob(encoded);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i); // Uint8Array.from takes ten times as long
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const HINT = "Choose the character up to which the model reads:";
const AXES =
  "Rows: the character that attends. Columns: the character that it attends to. " +
  "The plain half is the causal mask: no character attends to a later one.";
const TEXT = "The text. Arrow keys choose the character up to which the model reads.";
const HEADS = "All heads. Arrow keys choose the one that is shown.";
const MAP = "The map of this head: who attends to whom, in the whole text";
const LARGE = "Map of one head. Arrow keys move over its cells, Enter chooses the row’s character.";

export class AttentionMaps {
  #loads = 0;
  #note = create("span");
  #window = create("div", { class: "window", tabindex: 0, role: "group", "aria-label": TEXT });
  #canvas = create("canvas");
  #row = create("i", { class: "row" });
  #cell = create("i", { class: "cell" });
  #large = create("div", { class: "large", tabindex: 0, role: "group", "aria-label": LARGE });
  #pointed = null; // [row, column] of the cell that is pointed at
  #about = []; // what is said of the text below a saved map

  text = create("div", { class: "text" }, create("p", {}, HINT, this.#note), this.#window);
  readout = create("p", { class: "readout", role: "status" });
  overview = create("div", { class: "overview", role: "group", "aria-label": HEADS });
  map = create("details", { class: "map" }, create("summary", {}, MAP), this.#large, create("p", {}, ...explained(AXES)));

  // `onSelect` is called with { index, layer, head } when a person selects another one.
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.#large.append(this.#canvas, this.#row, this.#cell);
    this.map.append(this.#saveMap(), this.#saveMaps());
    this.#listen();
  }

  // Show the window of Activations (see backend.js).
  async show({ shown, window, model, index, layer, head }) {
    const load = ++this.#loads;
    const roots = await decompress(window.weights);
    if (load !== this.#loads) return; // another text has come meanwhile
    this.#note.textContent = window.note && ` ${window.note}`;
    this.#about = aboutText(shown);
    const { n_layer: layers, n_head: heads } = model;
    Object.assign(this, { roots, layers, heads, layer, head, here: index, characters: [...window.text] });
    this.count = this.characters.length;
    this.#build();
    this.#drawAll();
    this.#paint();
  }

  // Show another character and head of the same window.
  mark({ index, layer, head }) {
    if (index === this.here && layer === this.layer && head === this.head) return;
    Object.assign(this, { here: index, layer, head });
    this.#draw(this.#canvas, layer, head);
    this.#paint();
  }

  #saveMap() {
    const name = () => `Attention, block ${this.layer + 1}, head ${this.head + 1}`;
    const figure = () => mapFigure({ ...this, rootAt: (row, column) => this.#root(row, column) });
    const marked = () => `The marked row is that of ${quoted(this.characters[this.here])}, character ${this.here + 1}`;
    return saveButtons(name, figure, { label: "Save the map as", details: () => [marked(), ...this.#about] });
  }

  #saveMaps() {
    const canvases = () => [...this.overview.children].map(({ firstChild }) => firstChild);
    const figure = () => mapsFigure(canvases(), this.heads, this.overview);
    const options = { label: "Save all heads as", formats: ["PNG"], details: () => this.#about };
    return saveButtons("Attention of all heads", figure, options);
  }

  #select({ index = this.here, layer = this.layer, head = this.head }) {
    this.mark({ index: clamp(index, this.count), layer: clamp(layer, this.layers), head: clamp(head, this.heads) });
    this.onSelect({ index: this.here, layer: this.layer, head: this.head });
  }

  // The square root of the attention weight from `row` to `column`, times 255: the opacity it is painted with.
  #root(row, column, layer = this.layer, head = this.head) {
    return this.roots[((layer * this.heads + head) * this.count + row) * this.count + column];
  }

  #weight(row, column) {
    return percent((this.#root(row, column) / 255) ** 2);
  }

  #build() {
    const spans = this.characters.map((character, column) =>
      create("span", { class: character === "\n" && "line-end", "data-column": column }, character),
    );
    this.#window.replaceChildren(...spans);
    const buttons = Array.from({ length: this.layers * this.heads }, (_, n) =>
      this.#button(Math.floor(n / this.heads), n % this.heads),
    );
    this.overview.style.setProperty("--heads", this.heads);
    this.overview.replaceChildren(...buttons);
  }

  #button(layer, head) {
    const canvas = create("canvas");
    const button = create("button", { "aria-label": `Block ${layer + 1}, head ${head + 1}` }, canvas);
    button.addEventListener("click", () => this.#select({ layer, head }));
    return button;
  }

  #drawAll() {
    [...this.overview.children].forEach(({ firstChild }, n) =>
      this.#draw(firstChild, Math.floor(n / this.heads), n % this.heads),
    );
    this.#draw(this.#canvas, this.layer, this.head);
  }

  #draw(canvas, layer, head) {
    canvas.width = canvas.height = this.count;
    const [red, green, blue] = getComputedStyle(this.overview).color.match(/\d+/g).map(Number);
    const context = canvas.getContext("2d");
    const image = context.createImageData(this.count, this.count);
    const pixels = new Uint32Array(image.data.buffer);
    const color = (blue << 16) | (green << 8) | red;
    for (let row = 0, pixel = 0; row < this.count; row++)
      for (let column = 0; column < this.count; column++, pixel++) {
        const depth = column > row ? 28 : this.#root(row, column, layer, head); // the mask has one pale tint
        pixels[pixel] = (depth << 24) | color;
      }
    context.putImageData(image, 0, 0);
  }

  #paint() {
    [...this.#window.children].forEach((span, column) => {
      span.classList.toggle("here", column === this.here);
      span.classList.toggle("later", column > this.here);
      const depth = column < this.here ? this.#root(this.here, column) / 255 : 0;
      span.style.setProperty("--depth", `${Math.round(100 * depth)}%`);
    });
    [...this.overview.children].forEach((button, number) => {
      const pressed = number === this.layer * this.heads + this.head;
      button.setAttribute("aria-pressed", pressed);
      button.tabIndex = pressed ? 0 : -1;
    });
    this.#move(this.#row, this.here, 0, this.here + 1);
    this.#scroll();
    this.#leave();
  }

  // Move a frame over cells of the large map.
  #move(frame, row, column, columns) {
    const size = (cells) => `${(100 * cells) / this.count}%`;
    Object.assign(frame.style, { top: size(row), left: size(column), height: size(1), width: size(columns) });
  }

  #scroll() {
    const text = this.#window;
    const line = text.children[this.here].offsetTop - text.offsetTop;
    if (line < text.scrollTop || line > text.scrollTop + text.clientHeight - 40)
      text.scrollTop = line - text.clientHeight / 2;
  }

  // No cell is pointed at: describe what the chosen character attends to most.
  #leave() {
    [this.#cell.hidden, this.#pointed] = [true, null];
    const order = this.characters.map((_, column) => column).slice(0, this.here + 1);
    order.sort((a, b) => this.#root(this.here, b) - this.#root(this.here, a));
    const described = (column) =>
      `${quoted(this.characters[column])}, ${back(this.here - column)} (${this.#weight(this.here, column)})`;
    this.readout.textContent =
      `Block ${this.layer + 1}, head ${this.head + 1}: ${quoted(this.characters[this.here])}, ` +
      `character ${this.here + 1}, attends most to ${order.slice(0, 3).map(described).join("; ")}.`;
  }

  #point(row, column) {
    this.#pointed = [row, column];
    this.#cell.hidden = false;
    this.#move(this.#cell, row, column, 1);
    this.#describe(row, column);
  }

  #describe(row, column) {
    const [query, key] = [quoted(this.characters[row]), quoted(this.characters[column])];
    this.readout.textContent =
      column > row
        ? `${query} cannot attend to ${key}, ${column - row} later: masked.`
        : `${query} attends to ${key}, ${back(row - column)}: ${this.#weight(row, column)}.`;
  }

  #listen() {
    for (const colors of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
      matchMedia(colors).addEventListener("change", () => requestAnimationFrame(() => this.roots && this.#drawAll()));
    matchMedia("print").addEventListener("change", () => this.roots && this.#drawAll()); // no frame comes before paper
    const column = (event) => (event.target.dataset.column === undefined ? null : Number(event.target.dataset.column));
    const inWindow = (handler) => (event) => column(event) !== null && handler(column(event));
    const hovers = (handler) => (event) => isPointing(event) && handler(event);
    this.#window.addEventListener("click", inWindow((index) => this.#select({ index })));
    this.#window.addEventListener("pointerover", hovers(inWindow((index) => this.#describe(this.here, index))));
    this.#large.addEventListener("pointermove", hovers((event) => this.#point(...this.#under(event))));
    this.#large.addEventListener("click", (event) => {
      const [row, column] = this.#under(event);
      this.#select({ index: row });
      this.#point(row, column); // it stays the answer, to a touch too
    });
    for (const part of [this.#window, this.#large])
      part.addEventListener("pointerleave", hovers(() => this.#leave()));
    this.#window.addEventListener("keydown", (event) =>
      onKey(event, { ArrowLeft: -1, ArrowRight: 1, Home: -this.count, End: this.count }, (by) =>
        this.#select({ index: this.here + by }),
      ),
    );
    this.overview.addEventListener("keydown", (event) =>
      onKey(event, ARROWS, ([down, right]) => {
        this.#select({ layer: this.layer + down, head: this.head + right });
        this.overview.querySelector('[tabindex="0"]').focus();
      }),
    );
    this.#large.addEventListener("keydown", (event) => {
      const cell = this.#pointed ?? [this.here, this.here];
      onKey(event, ARROWS, (by) => this.#point(...cell.map((index, i) => clamp(index + by[i], this.count))));
      onKey(event, { Enter: cell[0] }, (index) => {
        this.#select({ index });
        this.#leave();
      });
    });
  }

  // Row and column of the large map below the pointer.
  #under({ clientX, clientY }) {
    const box = this.#large.getBoundingClientRect();
    const cells = (from, size) => clamp(Math.floor((from / size) * this.count), this.count);
    return [cells(clientY - box.top, box.height), cells(clientX - box.left, box.width)];
  }
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const onKey = (event, meanings, handler) => {
  if (!(event.key in meanings)) return;
  event.preventDefault();
  handler(meanings[event.key]);
};
