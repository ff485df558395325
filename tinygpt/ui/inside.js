// Attention of every head over a window of text, drawn from the numbers that came with it.
{
  const NAMES = { "\n": "new line", " ": "space" };
  const quoted = (character) => `“${NAMES[character] ?? character}”`;
  const back = (count) => (count ? `${count} back` : "itself");
  const percent = (share) => (share >= 0.005 || share === 0 ? `${Math.round(100 * share)} %` : "less than 1 %");
  const within = (at, count) => Math.max(0, Math.min(count - 1, at));

  const unpacked = async (coded) => {
    const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  // One text on the page, and what of it is looked at: a character, a block and a head.
  class View {
    constructor(section, roots, trigger) {
      Object.assign(this, { section, roots, trigger, layer: 0, head: 0, cell: null });
      this.characters = [...section.dataset.text];
      this.count = this.characters.length;
      [this.here, this.heads] = [Number(section.dataset.here), Number(section.dataset.heads)];
      for (const part of ["window", "told", "overview", "large"]) this[part] = section.querySelector(`.${part}`);
      [this.map, this.row, this.mark] = this.large.children;
      this.build();
      this.listen();
      this.paint();
    }

    // The square root of how much `row` reads of `column`, times 255: as deep as it is painted.
    root(row, column, layer = this.layer, head = this.head) {
      return this.roots[((layer * this.heads + head) * this.count + row) * this.count + column];
    }

    share(row, column) {
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
      this.window.replaceChildren(...spans);
      const count = this.section.dataset.layers * this.heads;
      const buttons = Array.from({ length: count }, (_, n) => this.button(Math.floor(n / this.heads), n % this.heads));
      this.overview.style.setProperty("--heads", this.heads);
      this.overview.replaceChildren(...buttons);
    }

    button(layer, head) {
      const button = document.createElement("button");
      button.setAttribute("aria-label", `Block ${layer + 1}, head ${head + 1}`);
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => this.show(this.here, layer, head));
      this.draw(button.firstChild, layer, head);
      return button;
    }

    draw(canvas, layer, head) {
      canvas.width = canvas.height = this.count;
      const [red, green, blue] = getComputedStyle(this.section).color.match(/\d+/g).map(Number);
      const context = canvas.getContext("2d");
      const image = context.createImageData(this.count, this.count);
      const pixels = new Uint32Array(image.data.buffer);
      const ink = (blue << 16) | (green << 8) | red;
      for (let row = 0, at = 0; row < this.count; row++)
        for (let column = 0; column < this.count; column++, at++) {
          const depth = column > row ? 28 : this.root(row, column, layer, head); // the mask is one pale tint
          pixels[at] = (depth << 24) | ink;
        }
      context.putImageData(image, 0, 0);
    }

    paint() {
      [...this.window.children].forEach((span, column) => {
        span.classList.toggle("here", column === this.here);
        span.classList.toggle("later", column > this.here);
        const depth = column < this.here ? this.root(this.here, column) / 255 : 0;
        span.style.setProperty("--depth", `${Math.round(100 * depth)}%`);
      });
      [...this.overview.children].forEach((button, number) =>
        button.setAttribute("aria-pressed", number === this.layer * this.heads + this.head),
      );
      this.draw(this.map, this.layer, this.head);
      this.put(this.row, this.here, 0, this.here + 1);
      this.scroll();
      this.leave();
    }

    // Lay a frame over cells of the large map.
    put(frame, row, column, columns) {
      const part = (cells) => `${(100 * cells) / this.count}%`;
      Object.assign(frame.style, { top: part(row), left: part(column), height: part(1), width: part(columns) });
    }

    scroll() {
      const line = this.window.children[this.here].offsetTop - this.window.offsetTop;
      const top = this.window.scrollTop;
      if (line < top || line > top + this.window.clientHeight - 40)
        this.window.scrollTop = line - this.window.clientHeight / 2;
    }

    // No cell is pointed at: say what the chosen character reads most.
    leave() {
      [this.mark.hidden, this.cell] = [true, null];
      const order = this.characters.map((_, column) => column).slice(0, this.here + 1);
      order.sort((a, b) => this.root(this.here, b) - this.root(this.here, a));
      const told = (column) =>
        `${quoted(this.characters[column])} ${back(this.here - column)} ${this.share(this.here, column)}`;
      this.told.textContent =
        `Block ${this.layer + 1}, head ${this.head + 1}: ${quoted(this.characters[this.here])}, ` +
        `character ${this.here + 1}, reads most of ${order.slice(0, 3).map(told).join(", ")}.`;
    }

    point(row, column) {
      this.cell = [row, column];
      this.mark.hidden = false;
      this.put(this.mark, row, column, 1);
      this.tell(row, column);
    }

    tell(row, column) {
      const [reader, read] = [quoted(this.characters[row]), quoted(this.characters[column])];
      this.told.textContent =
        column > row
          ? `${reader} cannot read ${read}, ${column - row} later: masked`
          : `${reader} reads ${read}, ${back(row - column)}: ${this.share(row, column)}`;
    }

    show(here, layer = this.layer, head = this.head) {
      Object.assign(this, { here: within(here, this.count), layer, head });
      this.paint();
      this.trigger("select", { index: this.here, layer, head }); // the machine's drawing comes from the server
    }

    listen() {
      const { window, large } = this;
      window.addEventListener("click", ({ target }) => {
        if (target.dataset.column) this.show(Number(target.dataset.column));
      });
      window.addEventListener("mouseover", ({ target }) => {
        if (target.dataset.column) this.tell(this.here, Number(target.dataset.column));
      });
      large.addEventListener("mousemove", (event) => this.point(...this.under(event)));
      large.addEventListener("click", (event) => this.show(this.under(event)[0]));
      for (const part of [window, large]) part.addEventListener("mouseleave", () => this.leave());
      this.keys(window, (key) => {
        const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -this.count, End: this.count };
        return key in steps && (() => this.show(this.here + steps[key]));
      });
      this.keys(large, (key) => {
        const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
        const cell = this.cell ?? [this.here, this.here];
        if (key === "Enter") return () => this.show(cell[0]);
        return key in steps && (() => this.point(...cell.map((at, i) => within(at + steps[key][i], this.count))));
      });
    }

    keys(part, deed) {
      part.addEventListener("keydown", (event) => {
        const done = deed(event.key);
        if (!done) return;
        event.preventDefault();
        done();
      });
    }

    // Row and column of the large map below the pointer.
    under({ clientX, clientY }) {
      const box = this.large.getBoundingClientRect();
      const cells = (from, size) => within(Math.floor((from / size) * this.count), this.count);
      return [cells(clientY - box.top, box.height), cells(clientX - box.left, box.width)];
    }
  }

  window.tinygpt.heads = (element, trigger) => {
    const begin = async () => {
      const section = element.querySelector(".inside:not([data-begun])");
      if (!section) return;
      section.dataset.begun = "";
      new View(section, await unpacked(section.dataset.weights), trigger);
    };
    new MutationObserver(begin).observe(element, { childList: true, subtree: true });
    begin();
  };
}
