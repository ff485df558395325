// Three things to try: a list that ticks off what a visitor has done, until they close it for good.

import { create } from "./dom.js";

const KEY = "tinygpt.tour"; // where the browser keeps the names of what was done, and whether it was closed

const stored = () => {
  try {
    const { done, closed } = JSON.parse(localStorage.getItem(KEY));
    return { done: new Set(done), closed: closed === true };
  } catch {
    return { done: new Set(), closed: false }; // no storage, or nothing of ours in it
  }
};

export class Tour {
  #state = stored();
  #rows = new Map(); // by the names of the things to try

  // Draw the list into an element, unless it was closed or all was done when the page was open before. `things` are
  // { name, words, buttons }, and buttons { text, label, act }, where `act` does it for the visitor. `onClose` is called
  // when they close the list.
  constructor(element, things, onClose) {
    if (this.#state.closed || things.every(({ name }) => this.#state.done.has(name))) return;
    const close = create("button", { class: "close", "aria-label": "Close for good" }, "×");
    close.addEventListener("click", () => {
      this.#state.closed = true;
      this.#store();
      element.replaceChildren();
      onClose();
    });
    const rows = things.map((thing) => this.#row(thing));
    const heading = create("h2", {}, "Three things to try");
    element.replaceChildren(create("section", { "aria-label": "Things to try" }, heading, close, create("ol", {}, ...rows)));
  }

  // The visitor has done one of them.
  tick(name) {
    if (this.#state.done.has(name)) return;
    this.#state.done.add(name);
    this.#store();
    this.#draw(name);
  }

  // Whether the buttons of one of them can do something.
  enable(name, whether) {
    for (const button of this.#rows.get(name)?.querySelectorAll("button") ?? []) button.disabled = !whether;
  }

  #row({ name, words, buttons }) {
    const parts = buttons.map(({ text, label = null, act }) => {
      const button = create("button", { "aria-label": label }, text);
      button.addEventListener("click", act);
      return button;
    });
    const row = create("li", {}, create("b"), create("span", {}, words), ...parts);
    this.#rows.set(name, row);
    this.#draw(name);
    return row;
  }

  #draw(name) {
    const mark = this.#state.done.has(name) ? create("i", { role: "img", "aria-label": "Done" }, "✓") : "○";
    this.#rows.get(name)?.firstChild.replaceChildren(mark);
  }

  #store() {
    const { done, closed } = this.#state;
    try {
      localStorage.setItem(KEY, JSON.stringify({ done: [...done], closed }));
    } catch {
      // No storage: the list is there again when the page is loaded again.
    }
  }
}
