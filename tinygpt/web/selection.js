// The selection of one character of a text, by pointer or keyboard, and the mark of the one under the pointer.

import { highlight, shown } from "./dom.js";

export class CharacterSelection {
  position = null; // of the selected character
  #enabled = false; // the text is finished

  // `pane` scrolls the text of `view`, a TextView. `onOpen` is called with a position when a person asks for what else
  // could stand there, and whether they did by keyboard; `onMove` when they select another character by keyboard.
  constructor(pane, view, { onOpen, onMove }) {
    Object.assign(this, { pane, view, onOpen, onMove });
    this.spoken = view.element.nextElementSibling;
    pane.addEventListener("click", (event) => this.#click(event));
    pane.addEventListener("pointermove", (event) => this.#point(event));
    pane.addEventListener("pointerleave", () => highlight("pointed", []));
    view.element.addEventListener("keydown", (event) => this.#press(event));
  }

  // The view shows a Text, or null. A character that a person has chosen stays selected while the text grows from it.
  update(text) {
    this.#enabled = text !== null && !text.writing;
    const stays = this.#enabled ? this.position < this.view.length : text?.forced.includes(this.position);
    this.select(stays ? this.position : null);
    highlight("pointed", []);
  }

  // Select a character, or none for null.
  select(position) {
    this.position = position;
    highlight("here", this.#ranges(position));
  }

  // Select the character that stands `by` characters further on, and bring it into view.
  step(by) {
    if (!this.#enabled) return;
    this.select(Math.max(0, Math.min(this.view.length - 1, (this.position ?? -1) + by)));
    this.#reveal();
    this.spoken.textContent = shown(this.character);
    this.onMove(this.position);
  }

  focus() {
    this.view.element.focus({ preventScroll: true });
  }

  get character() {
    return this.#ranges(this.position)[0]?.toString();
  }

  // Where the selected character is on the screen, or where the pane hides it; null without one.
  get box() {
    const [range] = this.#ranges(this.position);
    if (!range) return null;
    const [{ left, width, top, bottom }, view] = [range.getBoundingClientRect(), this.pane.getBoundingClientRect()];
    const within = (y) => Math.max(view.top, Math.min(view.bottom, y));
    return new DOMRect(left, within(top), width, within(bottom) - within(top));
  }

  #ranges(position) {
    return position === null ? [] : this.view.ranges([{ first: position, end: position + 1 }]);
  }

  #click(event) {
    if (!this.#enabled || !getSelection().isCollapsed) return;
    const position = this.view.positionAt(event.clientX, event.clientY);
    if (position === null) return;
    event.preventDefault(); // it is not a click beside the candidates
    this.select(position);
    this.onOpen(position, false);
  }

  #point({ pointerType, clientX, clientY }) {
    if (pointerType === "touch") return; // it does not hover
    highlight("pointed", this.#enabled ? this.#ranges(this.view.positionAt(clientX, clientY)) : []);
  }

  #press(event) {
    if (!this.#enabled) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -this.view.length, End: this.view.length };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter" && this.position !== null) this.onOpen(this.position, true);
    else return;
    event.preventDefault();
  }

  #reveal() {
    const [range] = this.#ranges(this.position);
    if (!range) return;
    const [box, view] = [range.getBoundingClientRect(), this.pane.getBoundingClientRect()];
    if (box.top < view.top + 40 || box.bottom > view.bottom)
      this.pane.scrollTop += box.top - view.top - view.height / 2;
    const { top, bottom } = range.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) scrollBy({ top: top - innerHeight / 2, behavior: "instant" });
  }
}
