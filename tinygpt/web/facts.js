// A table of facts.

import { create } from "./dom.js";
import { explained } from "./glossary.js";

// Draw facts [name, words, figures] into an element; figures may be "".
export const drawFacts = (element, facts) => {
  const told = new Set();
  const row = ([name, words, figures]) =>
    create(
      "tr",
      {},
      create("th", { scope: "row" }, name),
      create("td", {}, ...explained(words, told), ...(figures ? [create("small", {}, ...explained(figures, told))] : [])),
    );
  element.replaceChildren(create("table", { class: "facts" }, create("tbody", {}, ...facts.map(row))));
};
