// The menu of weights above the tabs: a list of the browser's own, whose value is the name of the weights chosen.

import { create } from "../dom.js";
import { compareTab } from "./compare.js";

let menu = null; // gradio's component, once it is built

// The name of the weights that are chosen.
export const chosenWeights = () => menu?.props.value;

// The chosen weights have changed, although they have the same name: everything that depends on them is shown anew.
export const weightsHaveChanged = () => menu.trigger("change");

export const weightsMenu = (built) => {
  menu = built;
  const { element, props, watch } = built;
  const list = create("select");
  const draw = () => {
    list.replaceChildren(...props.choices.map(([label, name]) => new Option(label, name)));
    list.value = props.value;
    compareTab.showWeights(props.choices, props.value);
  };
  element.append(create("label", {}, "Weights", list));
  list.addEventListener("change", () => (props.value = list.value));
  watch(["choices", "value"], draw);
  draw();
};
