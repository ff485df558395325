// The form of the tab Compare, whose prompt is that of the tab Write, and its texts.

import { Compare } from "../tabs/compare.js";

export class ComparisonForm {
  tab;
  #form;

  // What is compared is chosen, and the texts are drawn, in an element. `onPrompt` is called with the prompt when it
  // changes here.
  constructor(form, element, backend, { onPrompt }) {
    this.#form = form;
    this.tab = new Compare(backend.compare, {
      onEnter: () => form.requestSubmit(),
      onSwitch: () => this.see(),
      fill: (prompt) => {
        this.#prompt.value = prompt;
        onPrompt(prompt);
      },
    });
    this.tab.build(element, [[], ""]);
    this.#prompt.addEventListener("input", () => onPrompt(this.#prompt.value));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.tab.request(...this.#filled);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.shiftKey) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.querySelector("#stop-comparison").addEventListener("click", () => backend.stop("compare"));
  }

  // The prompt has changed on the other tab.
  showPrompt(prompt) {
    this.#prompt.value = prompt;
    this.see();
  }

  // A person sees the tab.
  see() {
    this.tab.see(...this.#filled);
  }

  get #prompt() {
    return this.#form.elements.namedItem("prompt");
  }

  // The weights, of which this page has one set only, and the prompt.
  get #filled() {
    return ["", this.#prompt.value];
  }
}
