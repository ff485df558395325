// How a model reads a text: what its heads attend to, and a walk through it with the numbers of one character.

import { AttentionMaps } from "./attention_maps.js";
import { create, drawLines } from "./dom.js";
import { Walk } from "./walk.js";

const FIRST = { index: null, layer: null, head: null }; // whoever answers chooses

export class Inspector {
  #asked = null; // the Shown that is inspected, or awaited; null for the prompt
  #part = FIRST; // of it, while it is awaited
  #awaited = false; // whether another text takes the place of the one in view
  #inspected = null; // the Shown in view
  #lines = create("div", { role: "status" });
  #maps = new AttentionMaps((part) => this.#select(part));

  // Draws into an element. `onSelect` is called with { position, index, layer, head } when a person selects a character
  // or a head: its position is that of the Shown. `onView` and `hrefOf` are as in walk.js.
  constructor(element, backend, { onSelect, onView, hrefOf }) {
    Object.assign(this, { element, backend, onSelect });
    this.walk = new Walk(this.#maps, { onView, hrefOf });
  }

  // Inspect a Shown, or the prompt on the page if it is null; and of it { index, layer, head }. Without these, nothing
  // changes if it is inspected already.
  look(shown, part = FIRST) {
    const same = shown !== null && isSame(shown, this.#asked);
    if (same && part === FIRST) {
      if (!this.#awaited) return;
      part = this.#part; // asked for again, as its answer may be lost
    }
    drawLines(this.#lines, []);
    if (!same) this.#awaited = true;
    this.#asked = shown;
    this.#ask(part);
  }

  #select(part) {
    if (this.#awaited) return;
    drawLines(this.#lines, []);
    this.#ask(part);
    this.onSelect({ position: this.#asked.position, ...part });
  }

  #ask(part) {
    const window = this.#awaited;
    this.#part = part;
    this.backend.activations({ ...this.#asked, ...part, window }, (answer) => {
      this.#awaited = false;
      if (answer.status) return this.#refuse(answer.status, window, part);
      this.#asked = answer.shown;
      if (window && part === FIRST && isSame(answer.shown, this.#inspected)) return; // the same prompt again
      this.#show(answer);
    });
  }

  #show(answer) {
    this.#inspected = answer.shown;
    if (!this.walk.element.isConnected) this.element.replaceChildren(this.#lines, this.walk.element);
    this.walk.show(answer);
    if (answer.window) this.#maps.show(answer);
    else this.#maps.mark(answer);
  }

  // Say what was wrong. A text in view stays there; another one is shown without the part that it does not have.
  #refuse(status, window, part) {
    drawLines(this.#lines, status);
    if (!window) return this.#lines.scrollIntoView({ block: "nearest" });
    this.element.replaceChildren(this.#lines);
    this.#inspected = null;
    if (part === FIRST) this.#asked = null;
    else {
      this.#awaited = true;
      this.#ask(FIRST);
    }
  }
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
