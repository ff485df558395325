// The pace at which a text comes into view: from its beginning, as fast as one can follow it.

const CHARACTERS_PER_SECOND = 120;

// How many characters of a text of some length are in view after some milliseconds; `from` were at the beginning.
export const revealed = (elapsed, from, length) =>
  Math.min(length, from + 1 + Math.floor((elapsed * CHARACTERS_PER_SECOND) / 1000));

// The first characters of a Text (see backend.js), as a text that is still growing. Its link may be known already.
export const beginning = ({ text, confidence, forced, prompt, fragment }, count) => ({
  text: [...text].slice(0, count).join(""),
  confidence: confidence.slice(0, count),
  forced: forced.filter((position) => position < count),
  prompt,
  fragment,
  writing: true,
});

const atOnce = () => document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Reveal {
  #text = null; // all of the text that is there
  #length = 0; // of it, in characters
  #count = 0; // characters in view
  #from = 0; // characters that were in view at the beginning, and when that was
  #start = 0;
  #frame = 0; // the request for the next frame; 0 while nothing is left to reveal

  // `onText` is called with what is to be in view: beginnings of the text, and in the end all of it.
  constructor(onText) {
    this.onText = onText;
    document.addEventListener("visibilitychange", () => document.hidden && this.showAll());
  }

  // Whether there is more of the text than is in view.
  get pending() {
    return this.#frame !== 0;
  }

  // Begin a text. Its first `from` characters are shown at once; Infinity shows whatever comes.
  begin(from = 0) {
    this.#end();
    [this.#from, this.#start, this.#count] = [atOnce() ? Infinity : from, performance.now(), 0];
  }

  // The text has come, or grown.
  take(text) {
    [this.#text, this.#length] = [text, [...text.text].length];
    if (!this.pending) this.#show();
  }

  // Show all that is there, and what comes later at once.
  showAll() {
    this.#from = Infinity;
    if (this.pending) this.#show();
  }

  // Reveal nothing more of this text. Returns all of it, and how much of it is in view; null if that is all.
  stop() {
    const stopped = this.pending ? { text: this.#text, count: this.#count } : null;
    this.#end();
    return stopped;
  }

  #end() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #show() {
    this.#end();
    const before = this.#count;
    this.#count = revealed(performance.now() - this.#start, this.#from, this.#length);
    const partly = this.#count < this.#length;
    if (partly) this.#frame = requestAnimationFrame(() => this.#show());
    if (!partly) this.onText(this.#text);
    else if (this.#count > before) this.onText(beginning(this.#text, this.#count));
  }
}
