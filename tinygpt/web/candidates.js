// The candidates for one position of a text: how likely each character was there.

import { create, drawLines, shown } from "./dom.js";
import { explained } from "./glossary.js";

export const SHOWN = 10; // at once; the others are folded
export const percent = (probability) => `${(100 * probability).toFixed(1)}%`;

// Draw Candidates (see backend.js) into an element. Its parts stay the same elements from one position to the next, and
// so does the one that has the focus. Without `candidates`, which are still to come, it keeps room for them.
export const drawCandidates = (element, data) => {
  element.classList.toggle("waiting", !data.candidates);
  if (data.status) return drawLines(element, data.status);
  const count = data.candidates?.length;
  const fits = element.querySelector("h2") && (!count || count === rows(element).length);
  if (!fits) element.replaceChildren(...build(count));
  const name = create("bdi", {}, shown(data.character));
  const how = data.how ? `, ${data.how}` : "";
  element.querySelector("h2").replaceChildren(`Character ${(data.position + 1).toLocaleString("en")}: `, name, how);
  data.candidates?.forEach((candidate, i) => update(rows(element)[i], candidate, data.character));
};

// The buttons of all candidates, the likeliest first.
export const rows = (element) => [...element.querySelectorAll("[data-character]")];

const build = (count = 0) => {
  const all = Array.from({ length: count }, row);
  const others = all.splice(SHOWN);
  return [
    create("h2"),
    create("p", {}, "Choose another letter; the text continues from there."),
    legend(),
    create("ul", {}, head(), ...all),
    ...(others.length
      ? [create("details", {}, create("summary", {}, `The other ${others.length}`), create("ul", {}, ...others))]
      : []),
  ];
};

export const BARS = { raw: "model", tempered: "after temperature", kept: "after top-k and top-p" };
const legend = () => {
  const parts = Object.entries(BARS).map(([kind, words]) => create("span", {}, create("i", { class: kind }), ...explained(words)));
  return create("p", { class: "legend" }, ...parts);
};

const head = () => {
  const names = ["", "", "model", "final"].map((name) => create("span", {}, name));
  return create("li", { class: "head", "aria-hidden": "true" }, ...names);
};

const row = () => {
  const bars = Object.keys(BARS).map((kind) => create("i", { class: kind }));
  const name = create("b", {}, create("bdi"));
  const parts = [name, create("span", { class: "bars" }, ...bars), create("span"), create("span")];
  return create("li", {}, create("button", { "data-character": "" }, ...parts));
};

const update = (button, [character, ...probabilities], current) => {
  const [name, here] = [shown(character), character === current];
  const [model, , final] = probabilities.map(percent);
  button.dataset.character = character;
  button.ariaLabel = `${name}, ${model}${here ? ", the current one" : ""}`;
  button.ariaDisabled = button.ariaCurrent = here ? "true" : null;
  button.parentElement.classList.toggle("here", here);
  button.querySelector("bdi").textContent = name;
  const [, bars, ...figures] = button.children;
  [...bars.children].forEach((bar, i) => (bar.style.width = `${(100 * probabilities[i]).toFixed(2)}%`));
  [model, final].forEach((figure, i) => (figures[i].textContent = figure));
};
