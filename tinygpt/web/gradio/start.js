// What has to be there where no module is: the document holds this script itself. It loads page.js, by the address that
// its element has: `window.tinygpt` is a promise of that module, for which all that gradio builds waits.

{
  const PAGE = document.currentScript.dataset.page;
  const AGAIN = "tinygpt.loadedAgain"; // when that was last done, in the storage of the browser's tab
  const PAUSE = 3000; // milliseconds between two questions whether the server answers
  const SELDOM = 60_000; // milliseconds: a page that fails again sooner fails for another reason than the network

  const WAITING = "This page could not be loaded completely. It loads again when the server answers.";
  const GIVEN_UP = "This page could not be loaded completely. Check the connection, and reload the page.";
  const NOT_RUN = "This page does not run in this browser. Update the browser, or open the page in another one.";

  // When the page is left, gradio would end its connection and tell of an error.
  addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);

  const tell = (sentence) => {
    if (document.readyState === "loading") return addEventListener("DOMContentLoaded", () => tell(sentence));
    const line = document.createElement("p");
    line.className = "note";
    line.setAttribute("role", "alert");
    line.textContent = sentence;
    document.body.prepend(line);
  };

  // A browser tries no module a second time, but a page that is loaded again does.
  const loadAgain = async () => {
    tell(WAITING);
    const answers = () => fetch(PAGE, { method: "HEAD", cache: "no-store" }).then(({ ok }) => ok, () => false);
    do await new Promise((done) => setTimeout(done, PAUSE));
    while (!(await answers()));
    location.reload();
  };

  const isSeldom = () => {
    try {
      const last = Number(sessionStorage.getItem(AGAIN));
      sessionStorage.setItem(AGAIN, Date.now());
      return Date.now() - last > SELDOM;
    } catch {
      return false; // no storage: it might be loaded again and again
    }
  };

  let isTold = false;
  const incomplete = () => {
    if (isTold) return;
    isTold = true;
    isSeldom() ? loadAgain() : tell(GIVEN_UP);
  };

  // gradio's own modules: the first one, and those that it loads.
  addEventListener("error", ({ target }) => target.matches?.("script") && incomplete(), true);
  addEventListener("vite:preloadError", incomplete);

  window.tinygpt = import(PAGE).catch((error) => {
    console.error(error);
    const isLoaded = !(error instanceof TypeError && error.message.includes("module")); // in all browsers' words
    isLoaded ? tell(NOT_RUN) : incomplete();
    return new Promise(() => {}); // there is nothing to wait for
  });
}
