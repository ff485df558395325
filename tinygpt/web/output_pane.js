// The output pane: a prompt, paler, and its continuation, shaded by confidence, in which a character can be selected.
//
// Highlights style ranges without changing the document, so that the text can be copied and read aloud as it is.

import { create, drawPieces, highlight } from "./dom.js";
import { LEVELS, foldOffset, playPieces, splitPieces, uncertainRuns } from "./pieces.js";
import { CharacterSelection } from "./selection.js";
import { TextView } from "./text_view.js";

const SHADES = Array.from({ length: LEVELS }, (_, level) => `uncertain-${level}`);
const LABEL = "Continuation. Use the arrow keys to choose a letter, and Enter to see what else could stand there.";

export class OutputPane {
  #text = null;
  #shaded = 0; // characters whose shades are there
  #unfolded = null; // the prompt that a person has unfolded

  // `pane` is the element that scrolls; its .blank is shown while there is no text. `actions` are those of a
  // CharacterSelection.
  constructor(pane, actions) {
    this.pane = pane;
    this.blank = pane.querySelector(".blank");
    this.fold = create("button", { class: "fold", "aria-label": "Show the whole prompt" }, "…");
    this.prompt = create("span", { class: "prompt-text" });
    const attributes = { id: "continuation", tabindex: 0, role: "group", "aria-label": LABEL };
    this.view = new TextView(create("span", attributes));
    const spoken = create("span", { class: "spoken", "aria-live": "polite" });
    this.element = create("div", { class: "output-text" }, this.fold, this.prompt, this.view.element, spoken);
    this.selection = new CharacterSelection(pane, this.view, actions);
    this.fold.addEventListener("click", () => {
      this.#unfolded = this.#text.prompt;
      this.show(this.#text);
    });
  }

  // Show a Text (see backend.js); null for none.
  show(text) {
    this.#text = text;
    if (text === null) this.element.replaceWith(this.blank);
    else if (!this.element.isConnected) this.blank.replaceWith(this.element);
    this.view.element.classList.toggle("writing", text?.writing ?? false);
    this.view.element.dataset.link = text?.link ?? "";
    this.#draw(text ?? { prompt: "", text: "", confidence: "" });
    const span = ([first, end]) => ({ first, end });
    highlight("memorized", this.view.ranges((text?.memorized ?? []).map(span)));
    highlight("forced", this.view.ranges((text?.forced ?? []).map((position) => span([position, position + 1]))));
    this.selection.update(text);
  }

  #draw({ prompt, text, confidence }) {
    const offset = prompt === this.#unfolded ? 0 : foldOffset(prompt);
    const [given, continuation] = splitPieces(playPieces(prompt + text), prompt.length);
    this.fold.hidden = offset === 0;
    drawPieces(this.prompt, splitPieces(given, offset)[1]);
    this.#shade(confidence, this.view.draw(continuation));
  }

  #shade(confidence, grown) {
    if (!window.Highlight) return;
    if (!grown || this.#shaded > confidence.length) this.#shaded = 0;
    if (!this.#shaded) for (const name of SHADES) highlight(name, []);
    const runs = uncertainRuns(confidence, this.#shaded);
    this.view.ranges(runs).forEach((range, i) => CSS.highlights.get(SHADES[runs[i].level]).add(range));
    this.#shaded = confidence.length;
  }
}
