// The candidates for one position of a text: how likely each character was there.

import { create, shown } from "./dom.js";

const SHOWN = 10; // at once; the others are folded
const percent = (probability) => `${(100 * probability).toFixed(1)} %`;

// Draw Candidates (see backend.js) into a panel; null for none. `actions.choose` is called with a character,
// `actions.lookInside` with nothing.
export const drawCandidates = (panel, data, actions) => {
  if (data === null) return panel.replaceChildren();
  const rows = data.candidates.map((candidate) => row(candidate, data.character, actions));
  const list = create("ul", {}, head(), ...rows.slice(0, SHOWN));
  const unfolded = panel.querySelector("details")?.open ?? false; // the same panel with other settings stays unfolded
  panel.replaceChildren(
    create("section", { class: "candidates", "aria-label": "Candidates" }, heading(data), advice(actions), legend(), list, ...others(rows.slice(SHOWN), unfolded)),
  );
};

const heading = ({ position, character, how }) =>
  create("h2", {}, `Character ${(position + 1).toLocaleString("en")}: `, create("bdi", {}, shown(character)), `, ${how}`);

const advice = ({ lookInside }) => {
  const link = create("button", { class: "inside-link" }, "Look inside: how the model came to it");
  link.addEventListener("click", lookInside);
  return create("p", {}, "Choose another to put it here; the text continues from it. ", link);
};

const LEGEND = { raw: "the model", tempered: "after temperature", kept: "after top-k and top-p: sampled from" };
const legend = () =>
  create("p", { class: "legend" }, ...Object.entries(LEGEND).flatMap(([kind, words]) => [create("i", { class: kind }), ` ${words} `]));

const head = () =>
  create("li", { class: "head", "aria-hidden": "true" }, ...["", "", "model", "sampled"].map((name) => create("span", {}, name)));

const row = ([character, ...probabilities], current, { choose }) => {
  const [name, here] = [shown(character), character === current];
  const bars = Object.keys(LEGEND).map((kind, i) =>
    create("i", { class: kind, style: `width:${(100 * probabilities[i]).toFixed(2)}%` }),
  );
  const [model, , sampled] = probabilities.map(percent);
  const button = create(
    "button",
    { "data-character": character, "aria-label": `${name}, ${model}${here ? ", the current one" : ""}`, disabled: here },
    create("b", {}, create("bdi", {}, name)),
    create("span", { class: "bars" }, ...bars),
    create("span", {}, model),
    create("span", {}, sampled),
  );
  button.addEventListener("click", () => choose(character));
  return create("li", { class: here && "here" }, button);
};

const others = (rows, open) =>
  rows.length
    ? [create("details", { open }, create("summary", {}, `The other ${rows.length}`), create("ul", {}, ...rows))]
    : [];
