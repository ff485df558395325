// Whether the server still answers: asked when somebody waits for it and hears nothing.

const SILENCE = 3000; // milliseconds after which it is asked, and asked again
const PATIENCE = 5000;
const OWN_FILE = new URL("../page.css", import.meta.url);

const reached = async () => {
  try {
    const options = { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
    return (await fetch(OWN_FILE, options)).status < 500; // of a server, not of a proxy that finds none
  } catch {
    return false;
  }
};

// One call that waits for answers.
export class Waiting {
  #timer;

  // `onLost` is called when the server does not answer any more. The page is loaded again as soon as it does: nobody
  // else there knows of the call, and the address says what was seen. `onFailed` is called when it has no answer.
  constructor({ onLost, onFailed }) {
    Object.assign(this, { onLost, onFailed });
    this.goOn();
  }

  // An answer has come, and others are to come.
  goOn() {
    this.end();
    this.#timer = setTimeout(() => this.#ask(), SILENCE);
  }

  end() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  // No answer comes: the server has none, or a proxy does not reach it.
  fail() {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask({ isFailed: true }));
  }

  async #ask({ isFailed = false } = {}) {
    const timer = this.#timer;
    const isOver = () => timer !== this.#timer;
    const isReached = await reached();
    if (isOver()) return;
    if (isReached && !isFailed) return this.goOn();
    if (isReached) {
      this.end();
      return this.onFailed();
    }
    this.onLost();
    while (!(await reached())) await new Promise((done) => setTimeout(done, SILENCE));
    if (!isOver()) location.reload();
  }
}
