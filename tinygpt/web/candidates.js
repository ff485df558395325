// The candidates for one position of a text: how likely each character was there.

import { create, drawLines, shown } from "./dom.js";

const SHOWN = 10; // at once; the others are folded
const percent = (probability) => `${(100 * probability).toFixed(1)} %`;

// Draw Candidates (see backend.js) into a panel; null for none. `actions.choose` is called with a character,
// `actions.lookInside` with nothing.
export const drawCandidates = (panel, data, actions) => {
  if (data === null) return panel.replaceChildren();
  if (data.status) return drawLines(panel, data.status);
  const rows = data.candidates.map((candidate) => row(candidate, data.character, actions));
  const unfolded = panel.querySelector("details")?.open ?? false; // stays so while a slider moves
  const parts = [
    heading(data),
    advice(actions),
    legend(),
    create("ul", {}, head(), ...rows.slice(0, SHOWN)),
    ...(rows.length > SHOWN ? [others(rows.slice(SHOWN), unfolded)] : []),
  ];
  panel.replaceChildren(create("section", { class: "candidates", "aria-label": "Candidates" }, ...parts));
};

const heading = ({ position, character, how }) => {
  const name = create("bdi", {}, shown(character));
  return create("h2", {}, `Character ${(position + 1).toLocaleString("en")}: `, name, `, ${how}`);
};

const advice = ({ lookInside }) => {
  const link = create("button", { class: "inside-link" }, "Look inside: how the model came to it");
  link.addEventListener("click", lookInside);
  return create("p", {}, "Choose another to put it here; the text continues from it. ", link);
};

const LEGEND = { raw: "the model", tempered: "after temperature", kept: "after top-k and top-p: sampled from" };
const legend = () => {
  const parts = Object.entries(LEGEND).flatMap(([kind, words]) => [create("i", { class: kind }), ` ${words} `]);
  return create("p", { class: "legend" }, ...parts);
};

const head = () => {
  const names = ["", "", "model", "sampled"].map((name) => create("span", {}, name));
  return create("li", { class: "head", "aria-hidden": "true" }, ...names);
};

const row = ([character, ...probabilities], current, { choose }) => {
  const [name, here] = [shown(character), character === current];
  const bars = Object.keys(LEGEND).map((kind, i) =>
    create("i", { class: kind, style: `width:${(100 * probabilities[i]).toFixed(2)}%` }),
  );
  const [model, , sampled] = probabilities.map(percent);
  const label = `${name}, ${model}${here ? ", the current one" : ""}`;
  const button = create(
    "button",
    { "data-character": character, "aria-label": label, disabled: here },
    create("b", {}, create("bdi", {}, name)),
    create("span", { class: "bars" }, ...bars),
    create("span", {}, model),
    create("span", {}, sampled),
  );
  button.addEventListener("click", () => choose(character));
  return create("li", { class: here && "here" }, button);
};

const others = (rows, open) =>
  create("details", { open }, create("summary", {}, `The other ${rows.length}`), create("ul", {}, ...rows));
