// A text and what belongs to it: the output pane, the lines below it, and the candidates of one of its characters.

import { drawCandidates } from "./candidates.js";
import { drawLines } from "./dom.js";
import { OutputPane } from "./output_pane.js";
import { steered } from "./share_link.js";

export class Writer {
  text = null; // the Text in view (see backend.js)
  inspected = null; // the Shown whose candidates are in view, or are awaited
  #moved = null; // a timer, while sliders move

  // `onChange` is called when the text begins, ends or goes; `lookInside` when a person asks how the model came to a
  // character. The parts to draw in are given one by one, in any order, before the first text comes.
  constructor(backend, { onChange, lookInside }) {
    Object.assign(this, { backend, onChange, lookInside });
  }

  // `pane` is what OutputPane takes; `lines` and `panel` are empty elements.
  set pane(element) {
    this.output = new OutputPane(element, (position) => this.inspect({ ...this.shown, position }));
  }

  // The finished text in view, without a position; null if there is none.
  get shown() {
    return this.text?.link && this.text.text ? { link: this.text.link, text: this.text.text, position: null } : null;
  }

  // Write a text (see backend.write). `steering` keeps the candidates in view until it is there.
  write(wish, { steering = false } = {}) {
    this.backend.write(wish, (answer) => {
      drawLines(this.lines, answer.status);
      if (answer.text === undefined) return;
      if (!steering || !answer.writing) this.inspect(null);
      this.#show(answer);
    });
  }

  #show(text) {
    const changes = text?.writing !== this.text?.writing || text?.link !== this.text?.link;
    this.text = text;
    this.output.show(text && (text.text || text.writing) ? text : null);
    if (changes) this.onChange(text);
  }

  // Show the candidates for a position of a text, a Shown; null puts the panel away.
  inspect(shown) {
    this.inspected = shown;
    if (shown === null) return drawCandidates(this.panel, null);
    const choose = (character) => {
      const link = steered(shown.link, shown.text, shown.position, character);
      this.write({ link }, { steering: true });
    };
    const actions = { choose, lookInside: this.lookInside };
    this.backend.candidates(shown, (answer) => {
      if (this.inspected === shown) drawCandidates(this.panel, answer, actions);
    });
  }

  // Temperature, top-k or top-p have changed: show the candidates for the same position again. A slider that is dragged
  // changes often.
  inspectAgain() {
    this.#moved ??= setTimeout(() => {
      this.#moved = null;
      if (this.inspected) this.inspect(this.inspected);
    }, 30);
  }

  clear() {
    this.backend.discard();
    this.inspect(null);
    drawLines(this.lines, [["status", ""]]);
    this.#show(null);
  }
}
