// The interface of ../backend.js in a page without a server: a worker computes. See worker.js for their messages.

import { Latest } from "../backend.js";

const BROKEN = [
  ["note", "The model cannot be started in this browser: reload the page, or open it in another browser."],
];
const CALLS = ["write", "candidates", "activations", "compare"];

// A backend, whose worker begins at once to load the model. `base` is the URL of the folder model/; `form` returns what
// the page's controls say now: { prompt, temperature, top_k, top_p }.
//
// `onOpen` is called with model/config.json, as soon as that is there: the sample can then be written. `onReady` is
// called when everything can, `onFailure` with Lines if nothing ever will be. Calls may come at any time.
export const openBackend = (base, form, { onOpen, onReady, onFailure }) => {
  const latest = Object.fromEntries(CALLS.map((name) => [name, new Latest()]));
  const ids = {}; // of the latest calls, by their names
  let isBroken = false;
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { name, id, answer, config, status } }) => {
    if (name === "opened") onOpen(config);
    else if (name === "ready") onReady();
    else if (name === "failed") onFailure(status);
    else latest[name].answer(id, answer);
  };
  // It cannot be loaded, and will answer nothing; what fails in it later, it says itself.
  worker.onerror = () => {
    isBroken = true;
    onFailure(BROKEN);
    CALLS.forEach(refuse);
  };
  worker.postMessage({ name: "open", base: new URL(base, document.baseURI).href });
  const refuse = (name) => latest[name].answer(ids[name], { status: BROKEN });
  const ask = (name, call, onAnswer) => {
    const id = (ids[name] = latest[name].begin(onAnswer));
    if (isBroken) refuse(name);
    else worker.postMessage({ name, id, call });
  };
  return {
    write: (call, onText) => ask("write", call, onText),
    candidates: (call, onCandidates) => ask("candidates", { ...form(), ...call }, onCandidates),
    activations: (call, onActivations) => ask("activations", { ...form(), ...call }, onActivations),
    compare: (call, onColumns) => ask("compare", call, onColumns),
    stop: (call = "write") => worker.postMessage({ name: "stop", call }),
    discard: () => {
      latest.write.end();
      worker.postMessage({ name: "discard" });
    },
  };
};
