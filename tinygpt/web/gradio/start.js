// What has to be there where no module is: the document holds this script itself. It loads page.js, by the address that
// its element has: `window.tinygpt` is a promise of that module, for which all that gradio builds waits.

{
  const PAGE = document.currentScript.dataset.page;
  const AGAIN = "tinygpt.loadedAgain"; // when the page was last loaded again, in the storage of the browser's tab
  const PAUSE = 3000; // milliseconds between two questions whether the server answers
  const PATIENCE = 5000; // and until each counts as not answered
  const SLOW = 15_000; // milliseconds after which a page that is still loading says so
  const SELDOM = 60_000; // milliseconds: a page that fails again sooner fails for another reason than the network

  const LOADING = "This page is still being loaded: the connection is slow.";
  const WAITING = "This page could not be loaded completely. It loads again when the server answers.";
  const GIVEN_UP = "This page could not be loaded completely. Check the connection, and reload the page.";
  const NOT_RUN = "This page does not run in this browser. Update the browser, or open the page in another one.";

  // When the page is left, gradio would end its connection and tell of an error.
  addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);

  const line = document.createElement("p");
  line.className = "note";
  line.setAttribute("role", "alert");
  const show = () => (line.textContent ? document.body.prepend(line) : line.remove());
  const tell = (sentence) => {
    line.textContent = sentence;
    document.body ? show() : addEventListener("DOMContentLoaded", show);
  };

  // A browser tries no module a second time, but a page that is loaded again does.
  const loadAgain = async () => {
    tell(WAITING);
    const options = () => ({ method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    const answers = () => fetch(PAGE, options()).then(({ status }) => status < 500, () => false);
    do await new Promise((done) => setTimeout(done, PAUSE));
    while (!(await answers())); // with 404, it serves another version by now
    location.reload();
  };

  const mayLoadAgain = () => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(AGAIN)) < SELDOM) return false;
      sessionStorage.setItem(AGAIN, Date.now());
      return true;
    } catch {
      return false; // no storage: it might be loaded again and again
    }
  };

  let isTold = false;
  const once = (act) => {
    if (!isTold) act();
    isTold = true;
  };
  const incomplete = () => once(() => (mayLoadAgain() ? loadAgain() : tell(GIVEN_UP)));
  const notRun = () => once(() => tell(NOT_RUN));

  // What every part of the page uses, and older browsers lack: the same as in ../static_page/start.js.
  if (!("popover" in HTMLElement.prototype && "checkVisibility" in Element.prototype)) notRun();

  // gradio's own modules: the first one, and those that it loads.
  addEventListener("error", ({ target }) => target.matches?.("script[type=module]") && incomplete(), true);
  addEventListener("vite:preloadError", incomplete);

  // A browser that has kept all modules could run them before there is a <body>.
  const parsed = new Promise((done) => document.addEventListener("readystatechange", done, { once: true }));
  const slow = setTimeout(() => isTold || tell(LOADING), SLOW);
  const loaded = (page) => {
    clearTimeout(slow);
    if (line.textContent === LOADING) tell("");
    return page;
  };
  const failed = (error) => {
    clearTimeout(slow);
    console.error(error);
    const isLoaded = !(error instanceof TypeError && error.message.includes("module")); // in all browsers' words
    isLoaded ? notRun() : incomplete();
    return new Promise(() => {}); // there is nothing to wait for
  };
  window.tinygpt = parsed.then(() => import(PAGE)).then(loaded, failed);
}
