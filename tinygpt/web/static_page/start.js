// What cannot wait for the modules, or has to be there where they are not. It is no module, since browsers load none of
// those from files.

const start = document.documentElement;

// What an address leads to may come before the form: until the modules know, nothing is shown that would move.
if (location.hash.includes("=")) start.classList.add("arriving");

// Says why nothing happens where a module cannot be loaded, or does not run.
const onError = ({ target }) => {
  if (target.matches?.("script[type=module]")) tellFailure(NOT_LOADED);
  else if (target === window && !start.classList.contains("started")) tellFailure(NOT_RUN);
};
addEventListener("error", onError, { capture: true });

const NOT_LOADED =
  location.protocol === "file:"
    ? "This page needs a web server: run “python -m http.server” in its folder, and open http://localhost:8000."
    : "This page could not be loaded completely. Check the connection, and reload the page.";
const NOT_RUN = "This page does not run in this browser. Update the browser, or open the page in another one.";

const tellFailure = (sentence) => {
  if (document.readyState === "loading")
    return addEventListener("DOMContentLoaded", () => tellFailure(sentence));
  const line = document.createElement("p");
  line.className = "note";
  line.textContent = sentence;
  document.getElementById("failure").replaceChildren(line);
  document.querySelector("#status [role=status]").replaceChildren(); // nothing is loading any more
  start.classList.remove("arriving");
};

// What every part of the page uses, and older browsers lack: the same as in ../gradio/start.js.
if (!("popover" in HTMLElement.prototype && "checkVisibility" in Element.prototype)) tellFailure(NOT_RUN);
