// A text as a picture to send: set like a page of a play, with where it comes from in small type below it.

import { pngOf } from "./browser.js";
import { create } from "./dom.js";
import { excerpt, foldOffset, playPieces, splitPieces } from "./pieces.js";
import { howSampled } from "./share_link.js";
import { ANYWHERE, FAMILY, measuring, setLines } from "./typesetting.js";

const SCALE = 2; // pixels of the picture for each unit
const WIDTH = 600;
const MARGIN = 44;
const MAX_LINES = 180; // of the text: browsers of phones make no picture of more than 16 million pixels
const LINK_LINES = 2;
const EXCERPT = 60; // characters of a prompt that are told below the text

const COLORS = { paper: "#fdfaf2", rule: "#d9cdb6", ink: "#211a14", pale: "#6a5d4d", accent: "#8a2318" };
const TEXT = { font: "400 22px", leading: 33, color: "ink" };
const SPEAKER = { ...TEXT, font: "small-caps 500 22px", caps: "all-small-caps", spacing: 1.76, color: "accent" };
const SMALL = { font: "400 14px", leading: 20, color: "pale" };
// What is set on a card, by its kind.
const TYPES = {
  "": TEXT,
  speaker: SPEAKER,
  prompt: { ...TEXT, color: "pale" },
  "prompt speaker": { ...SPEAKER, color: "pale" },
  more: { ...TEXT, font: "italic 400 22px", color: "pale" },
  source: SMALL,
};

// Where a text comes from, in sentences: what it continues, how it was sampled, and the page's name.
export const sourceOf = ({ link }) => {
  const fields = JSON.parse(link);
  const prompt = excerpt(fields.prompt, EXCERPT);
  const chosen = fields.forced.length;
  return [
    prompt ? `Prompt: “\u2068${prompt}\u2069”` : "No prompt",
    howSampled(fields),
    ...(chosen ? [chosen === 1 ? "1 letter chosen by hand" : `${chosen} letters chosen by hand`] : []),
    document.title,
  ].join(" · ");
};

// The lines of a card from top to bottom, { y, pieces } with the y of their baseline; where the rule between the text and
// what is said of it stands; and the height of all. `text` is a Text (see backend.js), `source` a sentence and `url` an
// address. `measure` gives the width of a text of some kind of TYPES.
export const layOut = (text, { source, url }, measure) => {
  const width = WIDTH - 2 * MARGIN;
  const set = (words, kind, breaks) => setLines([{ kind, text: words }], width, measure, breaks);
  const all = withoutBlankEnds(setLines(playOf(text), width, measure));
  const rest = all.length - MAX_LINES;
  const more = rest > 0 ? set(`… and ${rest} more ${rest === 1 ? "line" : "lines"}`, "more") : [];
  const play = placed([...all.slice(0, MAX_LINES), ...more], 0.8 * MARGIN, TEXT.leading);
  const rule = play.bottom + 18;
  const address = shortened(set(url, "source", ANYWHERE), width, measure);
  const below = placed([...set(source, "source"), ...address], rule + 10, SMALL.leading);
  return { lines: [...play.lines, ...below.lines], rule, height: below.bottom + MARGIN / 2 };
};

// The pieces of a text that stand on a card: of a long prompt its end, as on the page.
const playOf = ({ prompt, text }) => {
  const offset = foldOffset(prompt);
  const [given, continuation] = splitPieces(playPieces(prompt + text), prompt.length);
  const pale = splitPieces(given, offset)[1].map((piece) => ({ ...piece, kind: `prompt ${piece.kind}`.trim() }));
  return [...(offset ? [{ kind: "prompt", text: "… " }] : []), ...pale, ...continuation].map(inSmallCapitals);
};

// Where a canvas does not know `caps`, only small letters become small capitals.
const inSmallCapitals = ({ kind, text }) => ({ kind, text: kind.endsWith("speaker") ? text.toLowerCase() : text });

const withoutBlankEnds = (lines) => {
  const isFull = (line) => line.some(({ text }) => text.trim());
  return lines.slice(Math.max(0, lines.findIndex(isFull)), lines.findLastIndex(isFull) + 1);
};

const placed = (lines, top, leading) => ({
  lines: lines.map((pieces, i) => ({ y: top + (i + 0.7) * leading, pieces })),
  bottom: top + lines.length * leading,
});

// The first lines of an address, with an ellipsis at the end of the last one if there are more.
const shortened = (lines, width, measure) => {
  if (lines.length <= LINK_LINES) return lines;
  const [{ kind, text }] = lines[LINK_LINES - 1];
  let end = text.length;
  while (measure(`${text.slice(0, end)}…`, kind) > width) end--;
  return [...lines.slice(0, LINK_LINES - 1), [{ kind, text: `${text.slice(0, end)}…` }]];
};

// A Text as a picture, with its address.
export const cardOf = async (text, url) => {
  await Promise.allSettled(Object.values(TYPES).map(({ font }) => document.fonts.load(`${font} ${FAMILY}`)));
  const { lines, rule, height } = layOut(text, { source: sourceOf(text), url }, measuring(setType));
  const canvas = create("canvas", { width: SCALE * WIDTH, height: SCALE * height });
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  const fill = (color, ...box) => {
    context.fillStyle = COLORS[color];
    context.fillRect(...box);
  };
  fill("paper", 0, 0, WIDTH, height);
  for (const x of [18, 21.5]) fill("rule", x, MARGIN / 2, 1.5, height - MARGIN);
  fill("rule", MARGIN, rule, WIDTH - 2 * MARGIN, 1);
  for (const line of lines) drawLine(context, line);
  return pngOf(canvas);
};

const setType = (context, kind) => {
  const { font, color, caps = "normal", spacing = 0 } = TYPES[kind];
  Object.assign(context, { font: `${font} ${FAMILY}`, fontVariantCaps: caps, letterSpacing: `${spacing}px` });
  context.fillStyle = COLORS[color];
};

// Where all of a line is written from right to left, so are its pieces.
const drawLine = (context, { y, pieces }) => {
  const fromRight = isFromRight(pieces);
  Object.assign(context, { direction: fromRight ? "rtl" : "ltr", textAlign: "left" });
  let x = MARGIN;
  for (const { kind, text } of fromRight ? pieces.toReversed() : pieces) {
    setType(context, kind);
    context.fillText(text, x, y);
    x += context.measureText(text).width;
  }
};
const isFromRight = (pieces) => {
  const letters = pieces.flatMap(({ text }) => text.match(/\p{L}/gu) ?? []);
  return letters.length > 0 && letters.every((letter) => /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(letter));
};
