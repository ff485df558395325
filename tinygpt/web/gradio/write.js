// The tab Write: gradio gives its components, and calls these functions when a person uses one of its own controls.

import { here } from "../address.js";
import { Inside } from "../tabs/inside.js";
import { arrive } from "../tabs/links.js";
import { connectTour } from "../tabs/tour.js";
import * as tab from "../tabs/write.js";
import { backend, connect } from "./backend.js";
import { compareTab } from "./compare.js";
import { forgetPrompt, restorePrompt } from "./typed_prompt.js";

let changed; // gradio's event of the output for which it asks for `controls`
const writer = tab.createWriter(backend, (text) => {
  changed();
  if (text?.link && !text.sample) restorePrompt(); // by now, the form is filled in with what was in the address
});
export const insideTab = new Inside(writer);

let missing = 2; // parts that gradio has not built yet: those that a text needs
let sample = null;
const built = () => {
  if (--missing) return;
  if (here().link === null) restorePrompt();
  arrive(writer, insideTab, compareTab, sample);
};
// `limits` are the most characters of a prompt and of a text.
export const output = (component, limits) => {
  changed = () => component.trigger("input");
  const length = () => document.querySelector('#length input[type="number"]').valueAsNumber;
  tab.connectOutput(writer, () => writer.continue(length(), limits));
  connect("text", component, (found) => {
    sample = found;
    if (here().link === null) writer.present(sample);
  });
  built();
};
export const candidates = (component) => {
  connect("candidates", component);
  writer.panel = component.element;
  built();
};

export const tour = ({ element }) => connectTour(element, writer);

// Write the text of a form: the names of its fields, and their values.
export const write = (names, values) => tab.write(writer, Object.fromEntries(names.map((name, i) => [name, values[i]])));
export const stop = () => tab.stop(writer);
export const clear = () => {
  writer.clear();
  forgetPrompt();
  return ""; // the prompt
};
export const showSample = () => writer.presentAnother();
export const inspectAgain = () => writer.inspectAgain();

// Gradio's updates of the controls that depend on the text: the button Stop, and the seed of a finished text.
export const controls = () => {
  const update = (changes) => ({ __type__: "update", ...changes });
  const { writing, seed } = { writing: false, seed: "", ...writer.text };
  return [update({ interactive: writing }), writing ? update() : seed];
};
