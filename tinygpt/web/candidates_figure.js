// The candidates for a position as one SVG drawing, to be saved: on the page, they are a list of buttons.

import { BARS, SHOWN, percent } from "./candidates.js";
import { quoted, shown } from "./dom.js";
import { path, rect, shape, text } from "./svg.js";

const WIDTH = 400;
const [LEFT, LONGEST] = [72, 200]; // of the bars
const [MODEL, FINAL] = [332, WIDTH]; // where the figures end
const ROW = 24;
const TOP = 52; // of the first row, below the legend and the heads of the figures

// The drawing of Candidates (see backend.js): of the likeliest ones.
export const candidatesFigure = ({ character, candidates }) => {
  const likeliest = candidates.slice(0, SHOWN);
  const rows = likeliest.map(([name, ...probabilities], i) => {
    const top = TOP + ROW * i;
    const kind = name === character ? "here" : "";
    const figure = (x, probability) => text(x, top + 16, percent(probability), `end ${kind}`);
    return [
      text(0, top + 16, shown(name), kind),
      Object.keys(BARS).map((bar, n) =>
        rect(bar, LEFT, top + 4 + 6 * n, Math.max(1, LONGEST * probabilities[n]).toFixed(2), 4),
      ),
      figure(MODEL, probabilities[0]),
      figure(FINAL, probabilities[2]),
      path("rule", `M0 ${top + ROW - 0.5}H${WIDTH}`),
    ];
  });
  return shape(
    "svg",
    { class: "drawing", viewBox: `0 0 ${WIDTH} ${TOP + ROW * likeliest.length}` },
    Object.entries(BARS).map(([bar, words], n) => [rect(bar, LEGEND[n], 9, 19, 4), text(LEGEND[n] + 24, 15, words)]),
    [text(MODEL, TOP - 6, "model", "end"), text(FINAL, TOP - 6, "final", "end")],
    rows,
  );
};
const LEGEND = [0, 84, 232]; // where its words begin

// What a caption says of them.
export const aboutCandidates = ({ position, character, how }) =>
  `Character ${position + 1} is ${quoted(character)}${how ? `, ${how}` : ""}`;
