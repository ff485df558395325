// The tab Compare: gradio gives its component, and the prompt when a person asks for texts or sees the tab.

import { Compare } from "../tabs/compare.js";
import { backend, connect } from "./backend.js";

let component;
let said = ""; // the prompt of an address
export const compareTab = new Compare(backend.compare, {
  onEnter: () => component.trigger("apply"),
  onSwitch: () => component.trigger("select"),
  fill: (prompt) => {
    said = prompt;
    component.trigger("input");
  },
});

// `weights` are those that the page begins with, as Compare takes them: there is no menu while there are no others.
export const compare = (built, weights) => {
  component = built;
  connect("compare", built);
  compareTab.build(built.element, weights);
};

export const writeCompared = (weights, prompt) => compareTab.request(weights, prompt);
export const seeCompared = (weights, prompt) => compareTab.see(weights, prompt);
export const comparedPrompt = () => said;
