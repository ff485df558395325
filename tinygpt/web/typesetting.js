// Setting texts in lines of some width, for pictures of them.

import { splitPieces } from "./pieces.js";

// The page's typeface, and others of about its width for where that is missing.
export const FAMILY = '"EB Garamond", Garamond, "Times New Roman", Times, serif';

// A function that gives the width of a text of some kind. `setType` gives the context of a canvas the type of a kind.
export const measuring = (setType) => {
  const context = document.createElement("canvas").getContext("2d");
  return (text, kind) => {
    setType(context, kind);
    return context.measureText(text).width;
  };
};

// Where a line can end, as in CSS: after spaces and hyphens, and beside Chinese and Japanese characters.
const BREAKS =
  /(?<=[\s\-–—])(?=\S)|(?<=[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}])(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}])(?=[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}])/u;
// For what has no words: anywhere.
export const ANYWHERE = /(?:)/u;
const segmenter = new Intl.Segmenter();

// The lines of a text given in pieces { kind, text }, as arrays of pieces: put together, they are the text, but for its
// newlines. None is wider than `width`, but for spaces at its end: a word that is wider is broken between any two
// letters. `measure` gives the width of a text of some kind; `breaks` matches where words end.
export const setLines = (pieces, width, measure, breaks = BREAKS) => {
  const lines = [];
  let rest = pieces;
  const take = (length) => {
    const [taken, others] = splitPieces(rest, length);
    rest = others;
    return taken;
  };
  const fits = (line) => withoutEnd(line).reduce((sum, { kind, text }) => sum + measure(text, kind), 0) <= width;
  const put = (part) => {
    const joined = join(lines.at(-1), part);
    if (lines.at(-1).length && !fits(joined)) lines.push(part);
    else lines[lines.length - 1] = joined;
  };
  for (const paragraph of textOf(pieces).split("\n")) {
    lines.push([]);
    for (const word of paragraph.split(breaks)) {
      const part = take(word.length);
      if (fits(part)) put(part);
      else {
        if (lines.at(-1).length) lines.push([]);
        rest = [...part, ...rest];
        for (const { segment } of segmenter.segment(word)) put(take(segment.length));
      }
    }
    take(1); // the newline
  }
  return lines;
};

const textOf = (pieces) => pieces.map(({ text }) => text).join("");
const withoutEnd = (pieces) => splitPieces(pieces, textOf(pieces).trimEnd().length)[0];
const join = (line, part) => {
  const [last, first] = [line.at(-1), part[0]];
  if (!last || last.kind !== first?.kind) return [...line, ...part];
  return [...line.slice(0, -1), { ...last, text: last.text + first.text }, ...part.slice(1)];
};
