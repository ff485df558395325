// Small SVG drawings for the lessons.

import { path, rect, shape, text } from "./svg.js";

const CELL = 15; // of a grid, in the drawing's units
const range = (count) => [...Array(count).keys()];

// Each beginning of a word, and the character to predict after it.
export const exercises = (word) => {
  const letter = (kind, column, row, character) => {
    const [x, y] = [10 + 20 * column, 22 * row];
    return [rect(kind, x, y, 18, 18), text(x + 9, y + 14, character, "letter")];
  };
  const rows = range(word.length - 1).map((row) => [
    range(row + 1).map((column) => letter("box", column, row, word[column])),
    path("flow", `M${32 + 20 * row} ${22 * row + 9}h14m-4 -3l4 3l-4 3`),
    letter("box here", row + 2, row, word[row + 1]),
  ]);
  return drawing(`The exercises in one word of ${word.length} letters`, 22 * (word.length - 1), rows);
};

// An attention map that has just grown by one row.
export const growingMap = () => {
  const size = 5;
  const kind = (row, column) => (row === size - 1 ? "here" : column <= row ? "kept" : "");
  const labels = [
    text(100, 24, "rows of earlier characters:"),
    text(100, 41, "unchanged"),
    text(100, 71, "the new character’s row:"),
    text(100, 88, "the only work"),
  ];
  return drawing("An attention map that grows by one row", size * CELL + 16, grid(10, size, kind), labels);
};

// The attention maps of an encoder, a decoder and cross-attention, side by side.
export const attentionKinds = () => {
  const kinds = [
    ["encoder", () => "kept"],
    ["decoder", (row, column) => (column <= row ? "kept" : "")],
    ["cross-attention", () => "here"],
  ];
  const maps = kinds.map(([name, kind], n) => [
    grid(10 + 110 * n, 5, kind),
    text(10 + 110 * n + 2.5 * CELL, 5 * CELL + 16, name, "middle"),
  ]);
  return drawing("Who attends to whom: encoder, decoder, cross-attention", 5 * CELL + 22, maps);
};

const grid = (x, size, kind) =>
  range(size).map((row) =>
    range(size).map((column) => rect(`box ${kind(row, column)}`, x + CELL * column, CELL * row, CELL - 2, CELL - 2)),
  );

const drawing = (label, height, ...parts) =>
  shape("svg", { class: "drawing", viewBox: `0 -2 340 ${height + 6}`, role: "img", "aria-label": label }, parts);
