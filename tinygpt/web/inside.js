// The attention of every head over a window of text, drawn from the bytes that the server sent.

import { create, drawLines } from "./dom.js";

const NAMES = { "\n": "new line", " ": "space" };
const quoted = (character) => `“${NAMES[character] ?? character}”`;
const back = (count) => (count ? `${count} back` : "itself");
const percent = (weight) => (weight >= 0.005 || weight === 0 ? `${Math.round(100 * weight)} %` : "less than 1 %");
const clamp = (index, count) => Math.max(0, Math.min(count - 1, index));

const decompress = async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const SECTION = `
  <p>Each character attends to itself and to those before it: the deeper the color, the more. Choose a character and a
  head.<span class="part"></span></p>
  <div class="window" tabindex="0" role="group"
    aria-label="The text. Arrow keys choose the character whose attention is shown."></div>
  <p class="readout" aria-live="polite"></p>
  <div class="sides">
    <div>
      <div class="overview" role="group" aria-label="All heads"></div>
      <p class="legend">Each row is a block, each column one of its heads.</p>
    </div>
    <div>
      <div class="large" tabindex="0" role="group"
        aria-label="Map of one head. Arrow keys move over its cells, Enter chooses the row’s character."
      ><canvas></canvas><i class="row"></i><i class="cell"></i></div>
      <p class="legend">Rows: the character that attends. Columns: the character that it attends to. The evenly colored
      half is the causal mask: no character attends to a later one.</p>
    </div>
  </div>`;

// The attention in a window of text, and what is inspected of it: a character, a block and a head.
export class AttentionMaps {
  #loads = 0;

  // Draws into an element. `onSelect` is called with { index, layer, head } when a person selects another one.
  constructor(element, onSelect) {
    Object.assign(this, { element, onSelect, section: null });
    this.listen();
  }

  // Show Activations (see backend.js) of a new text.
  async show({ maps, index, layer, head }) {
    const load = ++this.#loads;
    const roots = await decompress(maps.weights);
    if (load !== this.#loads) return; // another text has come meanwhile
    if (!this.section) {
      this.section = create("section", { class: "inside", "aria-label": "Attention" });
      this.section.innerHTML = SECTION;
    }
    this.element.replaceChildren(this.section);
    this.part(".part").textContent = maps.note && ` ${maps.note}`;
    const { layers, heads } = maps;
    Object.assign(this, { roots, layer, head, layers, heads, characters: [...maps.text], here: index });
    this.count = this.characters.length;
    this.build();
    this.paint();
  }

  // Show Lines instead of a text.
  refuse(lines) {
    this.#loads++;
    drawLines(this.element, lines);
  }

  part(selector) {
    return this.section.querySelector(selector);
  }

  // The square root of the attention weight from `row` to `column`, times 255: the opacity it is painted with.
  root(row, column, layer = this.layer, head = this.head) {
    return this.roots[((layer * this.heads + head) * this.count + row) * this.count + column];
  }

  weight(row, column) {
    return percent((this.root(row, column) / 255) ** 2);
  }

  build() {
    const spans = this.characters.map((character, column) => {
      const span = document.createElement("span");
      span.textContent = character;
      span.classList.toggle("line-end", character === "\n");
      span.dataset.column = column;
      return span;
    });
    this.part(".window").replaceChildren(...spans);
    const count = this.layers * this.heads;
    const buttons = Array.from({ length: count }, (_, n) => this.button(Math.floor(n / this.heads), n % this.heads));
    this.part(".overview").style.setProperty("--heads", this.heads);
    this.part(".overview").replaceChildren(...buttons);
  }

  button(layer, head) {
    const button = document.createElement("button");
    button.setAttribute("aria-label", `Block ${layer + 1}, head ${head + 1}`);
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => this.select(this.here, layer, head));
    this.draw(button.firstChild, layer, head);
    return button;
  }

  draw(canvas, layer, head) {
    canvas.width = canvas.height = this.count;
    const [red, green, blue] = getComputedStyle(this.section).color.match(/\d+/g).map(Number);
    const context = canvas.getContext("2d");
    const image = context.createImageData(this.count, this.count);
    const pixels = new Uint32Array(image.data.buffer);
    const color = (blue << 16) | (green << 8) | red;
    for (let row = 0, pixel = 0; row < this.count; row++)
      for (let column = 0; column < this.count; column++, pixel++) {
        const depth = column > row ? 28 : this.root(row, column, layer, head); // the mask has one pale tint
        pixels[pixel] = (depth << 24) | color;
      }
    context.putImageData(image, 0, 0);
  }

  paint() {
    [...this.part(".window").children].forEach((span, column) => {
      span.classList.toggle("here", column === this.here);
      span.classList.toggle("later", column > this.here);
      const depth = column < this.here ? this.root(this.here, column) / 255 : 0;
      span.style.setProperty("--depth", `${Math.round(100 * depth)}%`);
    });
    [...this.part(".overview").children].forEach((button, number) =>
      button.setAttribute("aria-pressed", number === this.layer * this.heads + this.head),
    );
    this.draw(this.part(".large canvas"), this.layer, this.head);
    this.moveFrame(this.part(".large .row"), this.here, 0, this.here + 1);
    this.scroll();
    this.leave();
  }

  // Move a frame over cells of the large map.
  moveFrame(frame, row, column, columns) {
    const size = (cells) => `${(100 * cells) / this.count}%`;
    Object.assign(frame.style, { top: size(row), left: size(column), height: size(1), width: size(columns) });
  }

  scroll() {
    const text = this.part(".window");
    const line = text.children[this.here].offsetTop - text.offsetTop;
    if (line < text.scrollTop || line > text.scrollTop + text.clientHeight - 40)
      text.scrollTop = line - text.clientHeight / 2;
  }

  // No cell is pointed at: describe what the chosen character attends to most.
  leave() {
    [this.part(".large .cell").hidden, this.cell] = [true, null];
    const order = this.characters.map((_, column) => column).slice(0, this.here + 1);
    order.sort((a, b) => this.root(this.here, b) - this.root(this.here, a));
    const described = (column) =>
      `${quoted(this.characters[column])}, ${back(this.here - column)} (${this.weight(this.here, column)})`;
    this.part(".readout").textContent =
      `Block ${this.layer + 1}, head ${this.head + 1}: ${quoted(this.characters[this.here])}, ` +
      `character ${this.here + 1}, attends most to ${order.slice(0, 3).map(described).join("; ")}.`;
  }

  point(row, column) {
    this.cell = [row, column];
    this.part(".large .cell").hidden = false;
    this.moveFrame(this.part(".large .cell"), row, column, 1);
    this.describe(row, column);
  }

  describe(row, column) {
    const [query, key] = [quoted(this.characters[row]), quoted(this.characters[column])];
    this.part(".readout").textContent =
      column > row
        ? `${query} cannot attend to ${key}, ${column - row} later: masked`
        : `${query} attends to ${key}, ${back(row - column)}: ${this.weight(row, column)}`;
  }

  select(here, layer = this.layer, head = this.head) {
    Object.assign(this, { here: clamp(here, this.count), layer, head });
    this.paint();
    this.onSelect({ index: this.here, layer, head });
  }

  listen() {
    const listen = (type, selector, handler) =>
      this.element.addEventListener(type, (event) => {
        const part = event.target.closest?.(selector);
        if (part) handler(part, event);
      });
    const onKey = (event, steps, handler) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      handler(steps[event.key]);
    };
    listen("click", ".window span", (span) => this.select(Number(span.dataset.column)));
    listen("mouseover", ".window span", (span) => this.describe(this.here, Number(span.dataset.column)));
    listen("click", ".large", (large, event) => this.select(this.under(large, event)[0]));
    listen("mousemove", ".large", (large, event) => this.point(...this.under(large, event)));
    listen("mouseout", ".window, .large", (part, event) => part.contains(event.relatedTarget) || this.leave());
    listen("keydown", ".window", (_, event) =>
      onKey(event, { ArrowLeft: -1, ArrowRight: 1, Home: -this.count, End: this.count }, (by) =>
        this.select(this.here + by),
      ),
    );
    listen("keydown", ".large", (_, event) => {
      const cell = this.cell ?? [this.here, this.here];
      onKey(event, { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }, (by) =>
        this.point(...cell.map((index, i) => clamp(index + by[i], this.count))),
      );
      onKey(event, { Enter: cell[0] }, (row) => this.select(row));
    });
  }

  // Row and column of the large map below the pointer.
  under(large, { clientX, clientY }) {
    const box = large.getBoundingClientRect();
    const cells = (from, size) => clamp(Math.floor((from / size) * this.count), this.count);
    return [cells(clientY - box.top, box.height), cells(clientX - box.left, box.width)];
  }
}
