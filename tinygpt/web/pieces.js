// Texts as pieces to draw, { kind, text }: pure functions. Put together, the pieces are the text, unchanged.

// "First Citizen:": the speaker of what follows, at most four words. A verse may end in a colon too: a speaker stands
// after a blank line, or at the very beginning.
const SPEAKER = /^\p{Lu}[^\s:]*( +[^\s:]+){0,3}:$/u;

// The pieces of a text, laid out like a printed play.
export const playPieces = (text) => {
  const pieces = [];
  const add = (kind, part) => {
    if (kind === "" && pieces.at(-1)?.kind === "") pieces.at(-1).text += part;
    else if (part) pieces.push({ kind, text: part });
  };
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (i) add("", "\n");
    const [words, end] = line.endsWith("\r") ? [line.slice(0, -1), "\r"] : [line, ""];
    const speaks = SPEAKER.test(words) && !lines[i - 1]?.trim();
    add(speaks ? "speaker" : "", words);
    add("", end);
  });
  return pieces;
};

// Pieces, and those that follow them from an offset in the text on.
export const splitPieces = (pieces, offset) => {
  const parts = [[], []];
  for (const { kind, text } of pieces) {
    const cut = [text.slice(0, offset), text.slice(offset)];
    parts.forEach((part, i) => cut[i] && part.push({ kind, text: cut[i] }));
    offset = Math.max(0, offset - text.length);
  }
  return parts;
};

// The offset in a prompt from which on it is shown at first: of a long one its end, from a line or a word on.
const [LINES, LENGTH] = [6, 400];
export const foldOffset = (prompt) => {
  const lines = prompt.length - prompt.split("\n").slice(-LINES).join("\n").length;
  if (prompt.length - lines <= LENGTH) return lines;
  const offset = prompt.length - LENGTH;
  const word = prompt.slice(offset, offset + 50).search(/(?<=\s)\S/);
  return offset + (word < 0 ? Number(/^[\udc00-\udfff]/.test(prompt.slice(offset))) : word); // no half of an emoji
};

// The end of a text on one line, at most so many characters of it.
export const excerpt = (text, count) => {
  const line = text.trim().replace(/\s+/g, " ");
  const end = [...line].slice(-count).join("");
  return end === line ? line : `… ${end.trimStart()}`;
};

// The pieces of a text with one marked character (its position, or null) and spans [first, end] that are memorized.
export const markedPieces = (text, marked, memorized) => {
  const characters = [...text];
  const cuts = [0, characters.length, ...(marked === null ? [] : [marked, marked + 1]), ...memorized.flat()];
  const ends = [...new Set(cuts)].sort((a, b) => a - b);
  return ends.slice(1).map((end, i) => {
    const start = ends[i];
    const known = memorized.some(([first, last]) => first <= start && start < last);
    const kind = [start === marked && "marked", known && "memorized"].filter(Boolean).join(" ");
    return { kind, text: characters.slice(start, end).join("") };
  });
};

// The first position where a text differs from another one; null if the other one begins with it.
export const firstDifference = (text, other) => {
  const others = [...other];
  const position = [...text].findIndex((character, i) => character !== others[i]);
  return position < 0 ? null : position;
};

// Runs of equally uncertain characters from a position on, { level, first, end }: level 0 is the most uncertain of
// LEVELS, one for each tenth of probability below one half. Certain characters are in no run.
export const LEVELS = 5;
export const uncertainRuns = (confidence, from = 0) => {
  const runs = [];
  for (let first = from, end; first < confidence.length; first = end) {
    for (end = first + 1; end < confidence.length && confidence[end] === confidence[first]; end++);
    if (confidence[first] < LEVELS) runs.push({ level: Number(confidence[first]), first, end });
  }
  return runs;
};
