// The candidates in a popover at their character: opened by pointer or keyboard, moved along the text by arrow keys.

import { drawCandidates, rows } from "./candidates.js";
import { aboutCandidates, candidatesFigure } from "./candidates_figure.js";
import { create } from "./dom.js";
import { saveButtons } from "./figures.js";
import { Popover } from "./popover.js";
import { aboutText } from "./share_link.js";

// The candidates follow the sliders, the text has its other characters, and a definition may be of one of their words:
// using these leaves the popover open.
const stays = ({ type, target, defaultPrevented }) =>
  defaultPrevented ||
  target.closest('input[type="range"], input[type="number"], .definition') ||
  (type === "focusin" && target.id === "continuation");

export class CandidatesPopover {
  #waiting = true; // for the candidates of the character at which it is
  #shown = null; // the Shown at whose position it is
  #drawn = {}; // the Candidates in view, or the Lines of what was wrong

  // `selection` gives the CharacterSelection of the text. `onChoose` is called with a character, `onLookInside` with
  // nothing.
  constructor(parent, { selection, onChoose, onLookInside }) {
    Object.assign(this, { selection, onChoose });
    this.content = create("div");
    const button = (attributes, text, action) => {
      const element = create("button", attributes, text);
      element.addEventListener("click", action);
      return element;
    };
    const step = (by) => () => this.selection().step(by);
    const bar = create("div", { class: "bar" });
    bar.append(
      button({ "aria-label": "Previous letter" }, "‹", step(-1)),
      button({ "aria-label": "Next letter" }, "›", step(1)),
      button({ "aria-label": "Close" }, "×", () => this.close()),
    );
    const inside = button({ class: "inside-link" }, "Look inside: see how the model got here", onLookInside);
    const attributes = { class: "candidates", popover: "manual", role: "dialog", tabindex: -1 };
    this.save = saveButtons(
      () => `Candidates for character ${this.#drawn.position + 1}`,
      () => candidatesFigure(this.#drawn),
      { details: () => [aboutCandidates(this.#drawn), ...aboutText(this.#shown)] },
    );
    this.element = create("div", attributes, bar, this.content, create("div", { class: "foot" }, inside, this.save));
    parent.append(this.element);
    this.popover = new Popover(this.element, {
      anchor: () => this.selection().box,
      onLeave: () => this.popover.close(),
      stays,
    });
    this.content.addEventListener("click", (event) => this.#choose(event.target.closest("[data-character]")));
    document.addEventListener("keydown", (event) => this.isOpen && this.#press(event));
  }

  get isOpen() {
    return this.popover.isOpen;
  }

  // Show it at the selected character, the position of a Shown, whose candidates are still to come. `focused`: the focus
  // moves into it.
  open(shown, focused = false) {
    const { link, position } = shown;
    const { character } = this.selection();
    const again = this.isOpen && link === this.#shown.link && position === this.#shown.position;
    this.#shown = shown;
    if (!this.isOpen) drawCandidates(this.content, { position, character });
    this.element.ariaLabel = `Candidates for character ${position + 1}`;
    if (!again) this.#waiting = true;
    this.popover.open();
    if (focused) this.element.focus();
  }

  // Show Candidates, or the Lines of what was wrong.
  draw(data) {
    [this.#waiting, this.#drawn] = [false, data];
    this.save.hidden = !data.candidates;
    drawCandidates(this.content, data);
    if (document.activeElement === this.element) rows(this.content)[0]?.focus();
  }

  // The focus goes back to the text if it was in here.
  close() {
    if (!this.isOpen) return;
    if (this.element.contains(document.activeElement)) this.selection().focus();
    this.popover.close();
  }

  #choose(button) {
    if (button && !this.#waiting && !button.ariaDisabled) this.onChoose(button.dataset.character);
  }

  #press(event) {
    const within = this.element.contains(event.target);
    const reaches = within || event.target.id === "continuation";
    const rowSteps = { ArrowUp: -1, ArrowDown: 1 };
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === "Escape") this.close();
    else if (event.key in rowSteps && reaches) this.#moveRow(rowSteps[event.key]);
    else if (event.key in steps && within) this.selection().step(steps[event.key]);
    else return;
    event.preventDefault();
  }

  #moveRow(by) {
    const found = [...this.content.querySelectorAll("[data-character], summary")];
    const all = found.filter((each) => each.checkVisibility());
    const here = all.indexOf(document.activeElement);
    all[Math.max(0, Math.min(all.length - 1, here + by))]?.focus();
  }
}
