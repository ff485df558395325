// Texts as pieces to draw, { kind, text }: pure functions. Put together, the pieces are the text, unchanged.

const SPEAKER = /^[A-Z][^\n:]{0,40}:$/u; // "ROMEO:" alone on a line: the speaker of what follows

// The pieces of a continuation, laid out like a printed play.
export const playPieces = (text) => {
  const pieces = [];
  const add = (kind, part) => {
    if (kind === "" && pieces.at(-1)?.kind === "") pieces.at(-1).text += part;
    else if (part) pieces.push({ kind, text: part });
  };
  text.split("\n").forEach((line, i) => {
    // The first line end ends the prompt's last line: no blank line is needed there.
    if (i) add(i === 1 && text.startsWith("\n") ? "line-end" : "", "\n");
    add(SPEAKER.test(line) ? "speaker" : "", line);
  });
  return pieces;
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
