// Elements of the document. Texts only ever become text, never HTML.

import { explained } from "./glossary.js";

// An element with attributes (false and null leave one out, true sets it without a value) and children.
export const create = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  element.append(...children);
  return element;
};

const ELEMENTS = {
  speaker: ["b", {}],
  marked: ["mark", {}],
  memorized: ["u", { class: "memorized" }],
  "marked memorized": ["mark", { class: "memorized" }],
};
const node = ({ kind, text }) => (kind ? create(...ELEMENTS[kind], text) : new Text(text));
const drawn = new WeakMap(); // the pieces that an element shows

// Show the pieces of a text (see pieces.js) in an element, changing as little as possible. Returns whether all nodes
// that were there before still are, so that ranges of the text still cover what they did.
export const drawPieces = (element, pieces) => {
  const before = drawn.get(element) ?? [];
  let grown = before.length <= pieces.length;
  pieces.forEach((piece, i) => {
    const [old, place] = [before[i], element.childNodes[i]];
    if (old?.kind === piece.kind && piece.text.startsWith(old.text)) {
      if (piece.text !== old.text) (place.firstChild ?? place).appendData(piece.text.slice(old.text.length));
    } else if (place) {
      place.replaceWith(node(piece));
      grown = false;
    } else element.append(node(piece));
  });
  while (element.childNodes.length > pieces.length) element.lastChild.remove();
  drawn.set(element, pieces);
  return grown;
};

// Give ranges of the document a style of the stylesheet, ::highlight(name): the document itself stays as it is.
export const highlight = (name, ranges) => window.Highlight && CSS.highlights.set(name, new Highlight(...ranges));

// Show Lines (see backend.js). Those that are there already stay: screen readers read out what is drawn again. A note may
// quote what a visitor typed, where no word is meant as the glossary says.
export const drawLines = (element, lines) => {
  const parts = ([kind, sentence]) => (kind === "status" ? explained(sentence) : [sentence]);
  const drawn = lines.map((line) => create("p", { class: line[0] }, ...parts(line)));
  const same = (line, i) => line.isEqualNode(element.childNodes[i] ?? null);
  if (drawn.length !== element.childNodes.length || !drawn.every(same)) element.replaceChildren(...drawn);
};

const NAMES = { "\n": "new line", " ": "space" };

// A character by its name, or by its code point if it cannot be seen; any other as it is.
export const shown = (character, names = NAMES) =>
  names[character] ??
  (/^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u.test(character)
    ? character
    : [...character].map((part) => `U+${part.codePointAt().toString(16).toUpperCase().padStart(4, "0")}`).join(" "));

// A character in quotation marks; isolates keep one that is written from right to left from turning the words around.
export const quoted = (character, names = NAMES) => {
  const name = shown(character, names);
  return /^[ -~]+$/.test(name) ? `“${name}”` : `“\u2068${name}\u2069”`;
};

// A share as a rounded percentage. `small` stands for a share that would be rounded to nothing.
export const percent = (share, small = "less than 1%") =>
  share >= 0.005 || share === 0 ? `${Math.round(100 * share)}%` : small;
