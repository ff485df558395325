// The tab How it learned: one prompt, written with snapshots of the weights, and the run that they come from.

import { drawChart, inLetters, selectMark } from "../chart.js";
import { create, drawLines } from "../dom.js";
import { drawFacts } from "../facts.js";
import { weightsInWords } from "../share_link.js";
import { Comparison } from "../tabs/comparison.js";
import { backend, connect } from "./backend.js";

const AXIS = { x: "training step (log scale)", y: "letters it chooses among", logX: true, logY: true };

const texts = new Comparison(backend.snapshots);

export const snapshots = (built) => {
  texts.build(built.element);
  connect("snapshots", built, (columns) => texts.reset(columns));
  texts.begin();
};

const call = (prompt, seed) => ({ prompt, seed });
export const writeSnapshots = (weights, ...form) => texts.request(weights, call(...form));
export const seeSnapshots = (weights, ...form) => texts.see(weights, call(...form));

export const run = (built) => {
  const [chart, note, facts] = [create("div"), create("div"), create("div")];
  built.element.replaceChildren(create("div", { class: "run" }, create("div", {}, chart, note), facts));
  const select = (step) => {
    selectMark(chart, step);
    texts.select(String(step));
  };
  connect("run", built, ({ chart: { curves, marks, note: lines }, facts: rows, weights_sha256 }) => {
    const drawn = { curves: inLetters(curves), marks: marks.map((mark) => ({ ...mark, y: Math.exp(mark.y) })) };
    const details = [weightsInWords(weights_sha256)];
    if (curves.length) drawChart(chart, { caption: "How unsure the model is", axis: AXIS, details, ...drawn }, select);
    else chart.replaceChildren();
    drawLines(note, lines);
    drawFacts(facts, rows);
  });
};
