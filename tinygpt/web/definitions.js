// Definitions of the words of the glossary: each comes up beside its word, or on a phone in a sheet from below; and all
// are in a list.

import { isPointing } from "./browser.js";
import { capitalized } from "./capitalized.js";
import { create } from "./dom.js";
import { GLOSSARY, explainText } from "./glossary.js";
import { Popover } from "./popover.js";

const DELAY = 200; // milliseconds: pointers cross words on their way, and the gap between a word and its definition
// Labels and hints of controls. A word in the name of a choice is left alone: a click there chooses.
const FORMS = ".controls, .comparison, .what, .settings";
const LABELS = `[data-testid='block-info'], .info-text, .slider label, .field label, .comparison > label, .what > label,
  .settings label`;

const wordsOn = (name) => GLOSSARY[name].words.replace(/\s+/g, " ");

class Definition {
  #element = create("div", { class: "definition", popover: "manual", "aria-hidden": "true" });
  #term = null; // the button whose definition is in view
  #pinned = false; // by a click, which also ends it; otherwise it goes when the pointer does
  #timer = null; // until one comes or goes with the pointer
  #popover = new Popover(this.#element, {
    anchor: () => this.#box,
    onLeave: () => this.#close(),
    stays: ({ target }) => target === this.#term,
  });

  constructor() {
    document.body.append(this.#element);
    document.addEventListener("pointerover", (event) => this.#point(event));
    document.addEventListener("click", (event) => this.#click(event), { capture: true });
    // Before what else the key would close.
    addEventListener("keydown", (event) => this.#press(event), { capture: true });
  }

  #open(term, pinned) {
    this.#term = term;
    this.#pinned = pinned;
    const name = term.dataset.word;
    const parts = term.getAttribute("aria-describedby").split(" ");
    const figures = parts.slice(0, -1).map((id) => create("p", {}, document.getElementById(id).textContent));
    const definition = create("p", {}, create("b", {}, capitalized(name)), wordsOn(name));
    this.#element.replaceChildren(...figures, definition);
    this.#popover.open();
  }

  #close() {
    clearTimeout(this.#timer);
    if (this.#term) this.#popover.close();
    this.#term = null;
    this.#pinned = false;
  }

  // Where the word is. It may be drawn again, or its tab be left.
  get #box() {
    if (this.#term?.checkVisibility()) return this.#term.getBoundingClientRect();
    this.#close();
    return null;
  }

  #click(event) {
    const term = event.target.closest?.(".term");
    if (!term) return;
    event.preventDefault(); // in a label, it is not for the control
    const again = this.#pinned && term === this.#term;
    this.#close();
    if (!again) this.#open(term, true);
  }

  #point(event) {
    if (this.#pinned) return;
    const term = this.#element.contains(event.target) ? this.#term : (event.target.closest?.(".term") ?? null);
    clearTimeout(this.#timer);
    if (term === this.#term) return;
    const act = () => {
      this.#close();
      if (term) this.#open(term, false);
    };
    if (!term || isPointing(event)) this.#timer = setTimeout(act, DELAY);
  }

  #press(event) {
    const isPressed = event.target.matches?.(".term") && ["Enter", " "].includes(event.key);
    if (!isPressed && !(event.key === "Escape" && this.#term)) return;
    if (isPressed) event.target.click();
    else this.#close();
    event.preventDefault();
    event.stopPropagation();
  }
}

// Explain the words in the labels of a form, those that are not explained in it already.
const explainLabels = (form) => {
  const told = new Set([...form.querySelectorAll(".term")].map((term) => term.dataset.word));
  for (const label of form.querySelectorAll(LABELS)) explainText(label, told);
};

// Let the words of the page open their definitions, and make words of those in the labels of its forms. gradio builds
// labels later than the page, puts their text in later still, and builds them again.
export const watchTerms = () => {
  new Definition();
  const forms = () => [...document.querySelectorAll(FORMS)];
  // A text that is being written changes the page many times a second, but not its forms.
  const changes = ({ target, addedNodes }, form) =>
    form.contains(target) || [...addedNodes].some((node) => node.contains(form));
  const explain = (records) => {
    for (const form of forms()) if (records.some((record) => changes(record, form))) explainLabels(form);
  };
  forms().forEach(explainLabels);
  new MutationObserver(explain).observe(document.body, { childList: true, characterData: true, subtree: true });
};

// Draw the list of all definitions into an element.
export const drawGlossary = (element) => {
  const linkTo = (name, station) => {
    const attributes = { href: `#tab=inside&station=${station}`, "aria-label": `Look inside: ${name}` };
    return create("a", attributes, "Look inside");
  };
  const entry = (name) => {
    const definition = create("span", { id: `word-${name}` }, wordsOn(name));
    const { station } = GLOSSARY[name];
    return [create("dt", {}, capitalized(name)), create("dd", {}, definition, ...(station ? [" ", linkTo(name, station)] : []))];
  };
  element.replaceChildren(create("dl", {}, ...Object.keys(GLOSSARY).flatMap(entry)));
};
