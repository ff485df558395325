// How many more steps a training goes on.

import { create } from "./dom.js";

const LOST = "The weights change: texts written with them before can no longer be written again.";
let count = 0; // of the forms of a page, whose fields have ids of their own

export class StepsForm {
  #field;
  #offered = null;

  // `onSteps` is called with a number of steps, at least 1.
  constructor(onSteps) {
    const id = `more-steps-${++count}`;
    this.#field = create("input", { id, type: "number", min: 1, step: 1, required: true });
    const label = create("label", { for: id }, "more steps");
    const note = create("p", { class: "status" }, LOST);
    this.element = create("form", { class: "more-steps" }, create("button", {}, "Train longer"), this.#field, label, note);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      onSteps(this.#field.valueAsNumber);
    });
  }

  // What the field holds until a person changes it.
  offer(steps) {
    if (steps === undefined || steps === this.#offered) return;
    this.#offered = this.#field.value = steps;
  }

  focus() {
    this.#field.focus();
  }
}
