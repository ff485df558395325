// What the tabs with texts side by side share: their texts are there when a person comes to see them.

import { reveal } from "../browser.js";
import { Columns } from "../columns.js";

export class Comparison {
  #ask; // (call, onColumns): one of the functions of backend.js
  #element = null; // until the page is built
  #columns;
  #options;
  #seen = null; // what the tab was opened with before that
  #written = ""; // what the columns were written from

  constructor(ask, options) {
    [this.#ask, this.#options] = [ask, options];
  }

  build(element) {
    this.#element = element;
    this.#columns = new Columns(element, this.#options);
  }

  // Columns that answer no call: those of other weights, without texts.
  reset(columns) {
    this.#written = "";
    this.#columns.show(columns);
    this.select(null);
  }

  // After `build` and a `reset`, if there is one: write what the tab was opened with meanwhile.
  begin() {
    if (this.#seen) this.see(...this.#seen);
  }

  select(name) {
    this.#columns.select(name);
  }

  // A person sees the tab, with a form for these weights: write, unless that was done, or they are typing a prompt.
  // Returns whether the texts are those of the form.
  see(weights, call) {
    this.#seen = [weights, call];
    if (!this.#element?.checkVisibility() || document.activeElement?.matches("textarea")) return false;
    if (this.#written !== JSON.stringify(this.#seen)) this.write(weights, call);
    return true;
  }

  // A person asks for the texts.
  request(weights, call) {
    this.write(weights, call);
    reveal(this.#element);
  }

  write(weights, call) {
    this.#written = JSON.stringify([weights, call]);
    this.#ask(call, (answer) => {
      if (answer.lost) this.#written = ""; // until the tab is seen again
      this.#columns.show(answer);
    });
  }
}
