// Share links, as JSON: what writes a text again.

// The link to a text in which a person chose another character for a position, after which it is written anew: forced
// characters before it stay. A beam search cannot be forced: the text before the position is kept as it is, and goes on
// greedily.
export const steered = (link, text, position, character) => {
  const fields = JSON.parse(link);
  const beam = fields.strategy === "beam";
  const before = beam
    ? [...text].slice(0, position).map((kept, i) => [i, kept])
    : fields.forced.filter(([other]) => other < position);
  return JSON.stringify({ ...fields, ...(beam && { strategy: "greedy" }), forced: [...before, [position, character]] });
};

// The content of output.txt: the prompt and the continuation, each under a heading.
export const outputFile = (prompt, text) => {
  const heading = (word) => `---- ${word} `.padEnd(60, "-");
  return `${heading("PROMPT")}\n${prompt.replace(/^\n+|\n+$/g, "")}\n\n${heading("CONTINUATION")}\n${text}\n`;
};
