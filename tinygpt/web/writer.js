// A text and what belongs to it: the output pane, the lines below it, and the candidates of one of its characters.

import { isRefusal } from "./backend.js";
import { CandidatesPopover } from "./candidates_popover.js";
import { drawLines } from "./dom.js";
import { explained } from "./glossary.js";
import { OutputPane } from "./output_pane.js";
import { whyItRepeats } from "./repetition.js";
import { Reveal } from "./reveal.js";
import { continued, steered, until } from "./share_link.js";

const EDITABLE = "input, textarea, select, [contenteditable]";
const CLICK = "Click any letter to see what else could have come next.";
const lengthOf = (text) => [...text].length;

export class Writer {
  text = null; // the Text in view (see backend.js)
  inspected = null; // the Shown whose candidates were asked for last
  #steps = []; // the texts before each steering step
  #stopped = null; // where a person stopped the text that is being revealed
  #asked = false; // whether a person has asked for a text: until then, samples are shown
  #hinted = false; // whether a person knows that letters can be clicked
  #lines = []; // below the text
  #moved = null; // a timer, while sliders move
  #reveal = new Reveal((text) => this.#show(text));

  // `onChange` is called when the text begins, ends or goes; `onRefusal` when lines say why there is none; `lookInside`
  // when a person asks how the model came to a character. The parts to draw in are given one by one, in any order.
  constructor(backend, { onChange, onRefusal, lookInside }) {
    Object.assign(this, { backend, onChange, onRefusal, lookInside });
    // Before what the key is for: arrow keys choose a letter of a finished text only.
    document.addEventListener("keydown", (event) => this.#skips(event) && this.showAll(), { capture: true });
  }

  // `pane` is what OutputPane takes, with a .skip button; `lines` and `panel` are empty elements.
  set pane(element) {
    // The text in view is finished by the time that it learns of the click.
    element.addEventListener("click", () => this.showAll(), { capture: true });
    const inspect = (position, focused) => this.inspect({ ...this.shown, position }, focused);
    const onMove = (position) => this.candidates.isOpen && inspect(position);
    this.output = new OutputPane(element, { onOpen: inspect, onMove });
    this.paneElement = element;
  }

  set lines(element) {
    this.linesElement = element;
    drawLines(element, this.#lines);
  }

  set panel(element) {
    const onChoose = (character) => this.#steer(this.inspected, character);
    const actions = { selection: () => this.output.selection, onChoose, onLookInside: this.lookInside };
    this.candidates = new CandidatesPopover(element, actions);
  }

  // The finished text in view, without a position; null if there is none.
  get shown() {
    return this.text?.link && this.text.text ? { link: this.text.link, text: this.text.text, position: null } : null;
  }

  get canUndo() {
    return this.#steps.length > 0;
  }

  // Show the sample of the weights, which nobody has asked for.
  present(sample) {
    if (!this.#asked) this.#show(sample);
  }

  // Show the sample of other weights, if nothing but a sample has been shown so far.
  presentAnother() {
    if (!this.#asked) this.backend.write({ sample: true }, (sample) => this.present(sample));
  }

  // Write a text (see backend.write).
  //
  //   kept      its first characters, which are in view already and stay there
  //   paced     whether the others come into view one after the other
  //   steps     the texts to which a person can return from this one
  //   steering  whether the candidates of the same position stay in view
  write(call, { kept = 0, paced = true, steps = [], steering = false } = {}) {
    let [begun, ended] = [false, false];
    this.#asked = true;
    this.backend.write(call, (answer) => {
      if (ended) return; // the last answer may come twice, when a person has gone on to something else
      ended = answer.text !== undefined && !answer.writing;
      if (isRefusal(answer)) return this.#refuse(answer.status);
      if (answer.text === undefined) return this.#tell(answer.status);
      if (answer.writing) this.#tell(answer.status);
      if (answer.writing && lengthOf(answer.text) < kept) return;
      if (!begun) {
        [begun, this.#steps, this.#stopped] = [true, steps, null];
        this.#reveal.begin(paced ? kept : Infinity);
        if (!kept) this.paneElement.classList.remove("continued");
      }
      if (!steering) this.inspect(null);
      else if (!answer.writing) this.#inspectSteered(answer);
      if (this.#stopped && !answer.writing) this.#cut(answer, this.#stopped.count);
      else if (!this.#stopped) this.#reveal.take(answer);
    });
  }

  // Put another character in the place of one of the text, which goes on from there.
  #steer({ link, text, position }, character) {
    const steps = this.text?.link && this.#steps.at(-1) !== this.text ? [...this.#steps, this.text] : this.#steps;
    this.write({ link: steered(link, text, position, character) }, { kept: position + 1, steps, steering: true });
  }

  // The candidates of the position where a text was steered, in the text that came of it.
  #inspectSteered({ link, text }) {
    this.inspect(this.candidates.isOpen ? { link, text, position: this.inspected.position } : null);
  }

  // Return to the text before the last steering step.
  undo() {
    this.backend.discard();
    this.#reveal.stop();
    this.inspect(null);
    this.#show(this.#steps.pop());
  }

  // Go on from the end of the text with more characters. `limits` are the most that a prompt and a text can have.
  continue(more, limits) {
    this.showAll();
    if (!this.shown) return;
    const { link, joined } = continued(this.text, more, limits);
    this.#makeRoom();
    this.write({ link }, { kept: joined ? 0 : lengthOf(this.text.text), steps: this.#steps });
  }

  // Bring the end of the text into the upper half of the pane, with room for what comes next.
  #makeRoom() {
    const pane = this.paneElement;
    pane.classList.add("continued");
    const last = lengthOf(this.text.text) - 1;
    const [end] = this.output.view.ranges([{ first: last, end: last + 1 }]);
    const [{ bottom }, { top, height }] = [end.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (bottom > top + height / 2) pane.scrollTop += bottom - top - height / 3;
  }

  // Stop writing: the text ends where it is in view.
  stop() {
    this.backend.stop();
    this.#stopped = this.#reveal.stop();
    if (this.#stopped?.text.link) this.#cut(this.#stopped.text, this.#stopped.count);
  }

  // Show a finished text up to a position only.
  #cut(text, count) {
    const link = until(text.link, count);
    if (link === text.link) return this.#show(text);
    this.write({ link }, { kept: count, steps: this.#steps });
  }

  // Any key shows all of the text, but what is typed into a field or is for the browser.
  #skips({ target, key, ctrlKey, altKey, metaKey, repeat }) {
    const elsewhere = ctrlKey || altKey || metaKey || repeat || key === "Shift";
    return !elsewhere && (key === "Escape" || !target.closest?.(EDITABLE));
  }

  // Show all of the text that is there.
  showAll() {
    const focused = this.paneElement?.querySelector(".skip") === document.activeElement;
    this.#reveal.showAll();
    if (focused) this.output.view.element.focus({ preventScroll: true });
  }

  #show(text) {
    const changes = text?.writing !== this.text?.writing || text?.link !== this.text?.link;
    this.text = text;
    this.output.show(text && (text.text || text.writing) ? text : null);
    if (text?.status) this.#tell(text.status);
    this.paneElement.classList.toggle("revealing", this.#reveal.pending);
    if (changes) {
      this.#hint();
      this.onChange(text);
    }
  }

  #tell(lines) {
    this.#lines = lines;
    if (this.linesElement) drawLines(this.linesElement, lines);
  }

  // Nothing comes: say why. The text in view stays, though it is not written any further.
  #refuse(lines) {
    this.#reveal.showAll();
    if (this.text?.writing) this.#show({ ...this.text, writing: false });
    this.#tell(lines);
    this.onRefusal();
  }

  // At the foot of the pane: why the text repeats itself, or that letters can be clicked.
  #hint() {
    const why = this.shown ? whyItRepeats(this.text) : "";
    this.paneElement.querySelector(".hint").replaceChildren(...explained(why || CLICK));
    this.paneElement.classList.toggle("hinting", why !== "" || (this.shown !== null && !this.#hinted));
  }

  // Show the candidates for a position of a text, a Shown; null puts them away. `focused` moves the focus there.
  inspect(shown, focused = false) {
    this.inspected = shown;
    this.output.selection.select(shown?.position ?? null);
    if (shown === null) return this.candidates.close();
    this.#hinted = true;
    this.#hint();
    // Asked first: the answer is on its way while the popover is laid out.
    this.backend.candidates(shown, (answer) => {
      if (this.inspected === shown) this.candidates.draw(answer);
    });
    this.candidates.open(shown, focused);
  }

  // Temperature, top-k or top-p have changed: show the candidates for the same position again. A slider that is dragged
  // changes often.
  inspectAgain() {
    this.#moved ??= setTimeout(() => {
      this.#moved = null;
      if (this.candidates.isOpen) this.inspect(this.inspected);
    }, 30);
  }

  clear() {
    this.#asked = true;
    this.#steps = [];
    this.backend.discard();
    this.#reveal.stop();
    this.inspect(null);
    this.#tell([]);
    this.#show(null);
  }
}
