// The output pane: a continuation, its confidence as a tint, and the selection of one of its characters.
//
// Highlights color ranges without changing the document, so that the text can be copied and read aloud as it is.

import { create } from "./dom.js";
import { LEVELS, playPieces, uncertainRuns } from "./pieces.js";
import { TextView } from "./text_view.js";

const TINTS = Array.from({ length: LEVELS }, (_, level) => `uncertain-${level}`);
const LABEL = "Continuation. Arrow keys choose a character, Enter shows its candidates.";
const highlight = (name, ranges) => window.Highlight && CSS.highlights.set(name, new Highlight(...ranges));

export class OutputPane {
  #selected = null; // the position of the selected character
  #tinted = 0; // characters whose tint is there
  #atEnd = true; // whether the end of the text is in view: then it stays there while the text grows

  // `pane` is the element that scrolls; its .blank is shown while there is no text. `onSelect` is called with the
  // position of a character when a person selects it.
  constructor(pane, onSelect) {
    this.pane = pane;
    this.blank = pane.querySelector(".blank");
    const attributes = { class: "output-text", id: "continuation", tabindex: 0, role: "group", "aria-label": LABEL };
    this.view = new TextView(create("div", attributes));
    this.onSelect = onSelect;
    pane.addEventListener("scroll", () => (this.#atEnd = pane.scrollHeight - pane.clientHeight - pane.scrollTop < 60));
    pane.addEventListener("click", (event) => this.#click(event));
    pane.addEventListener("keydown", (event) => this.#press(event));
  }

  // Show a Text (see backend.js); null for none.
  show(text) {
    const element = this.view.element;
    if (text === null) element.replaceWith(this.blank);
    else if (!element.isConnected) this.blank.replaceWith(element);
    element.classList.toggle("writing", text?.writing ?? false);
    element.dataset.link = text?.link ?? "";
    this.finished = text !== null && !text.writing;
    if (!this.finished) this.#selected = null;
    const grown = this.view.draw(playPieces(text?.text ?? ""));
    this.#tint(text?.confidence ?? "", grown);
    const span = ([first, end]) => ({ first, end });
    highlight("memorized", this.view.ranges((text?.memorized ?? []).map(span)));
    highlight("forced", this.view.ranges((text?.forced ?? []).map((position) => span([position, position + 1]))));
    this.#mark();
    if (this.#atEnd) this.pane.scrollTo(0, this.pane.scrollHeight);
  }

  #tint(confidence, grown) {
    if (!window.Highlight) return;
    if (!grown || this.#tinted > confidence.length) this.#tinted = 0;
    if (!this.#tinted) for (const name of TINTS) CSS.highlights.set(name, new Highlight());
    const runs = uncertainRuns(confidence, this.#tinted);
    this.view.ranges(runs).forEach((range, i) => CSS.highlights.get(TINTS[runs[i].level]).add(range));
    this.#tinted = confidence.length;
  }

  // Mark the selected character. Returns its range.
  #mark() {
    const spans = this.#selected === null ? [] : [{ first: this.#selected, end: this.#selected + 1 }];
    const ranges = this.view.ranges(spans);
    highlight("here", ranges);
    return ranges[0];
  }

  #select(position) {
    this.#selected = position;
    this.#mark();
    this.onSelect(position);
  }

  #click({ clientX, clientY }) {
    if (!this.finished || !getSelection().isCollapsed) return;
    const position = this.view.positionAt(clientX, clientY);
    if (position !== null) this.#select(position);
  }

  #press(event) {
    if (!this.finished || event.target !== this.view.element) return;
    const last = this.view.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
    if (event.key in steps) {
      this.#selected = Math.max(0, Math.min(last, (this.#selected ?? -1) + steps[event.key]));
      this.#reveal(this.#mark());
    } else if (event.key === "Enter" && this.#selected !== null) this.#select(this.#selected);
    else return;
    event.preventDefault();
  }

  #reveal(mark) {
    if (!mark) return;
    const [box, view] = [mark.getBoundingClientRect(), this.pane.getBoundingClientRect()];
    if (box.top < view.top + 40 || box.bottom > view.bottom)
      this.pane.scrollTop += box.top - view.top - view.height / 2;
  }
}
