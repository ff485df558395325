// Generation of text from an engine, one character after the other, as tinygpt/inference/generation.py does it.

import { FieldError } from "./fields.js";
import { probability, sample } from "./sampling.js";

// Reads rows of growing text with a model that sees at most `block_size` characters. When the window is full, its last
// half starts a new one at position 0.
export class WindowedReader {
  #config;
  #reader;
  #rows; // what the window holds
  #unread; // what the model has not read of it: at first everything, later the last id

  constructor(engine, rows) {
    [this.#config, this.#reader] = [engine.config, engine.openReader(rows.length)];
    this.#rows = rows.map((row) => row.slice(-engine.config.block_size));
    this.#unread = this.#rows;
  }

  // Read what was appended last; the logits of the character after each row: logits_BV.
  read() {
    return this.#reader.read(this.#unread);
  }

  // Append one id to each row, to be read next.
  append(ids_B) {
    const full = this.#rows[0].length === this.#config.block_size;
    this.#rows = this.#rows.map((row, i) => extended(this.#config, row, ids_B[i]));
    this.#unread = full ? this.#rows : ids_B.map((id) => [id]); // of a new window, nothing has been read
    if (full) this.#reader.clear();
  }

  // Make row i of the batch a copy of row rows[i].
  select(rows) {
    this.#reader.select(rows);
    this.#rows = rows.map((row) => [...this.#rows[row]]);
  }

  close() {
    this.#reader.close();
  }
}

// The window after an id is appended to it: when it is full, its last half starts the next one. A row that is not full
// is changed in place.
const extended = ({ block_size }, row, id) => {
  row.push(id);
  return row.length <= block_size ? row : row.slice(-Math.max(1, Math.floor(block_size / 2)));
};

// Generate the continuation of a prompt: yields Characters, { text, probability }, with the model's own probability of
// each, before temperature, top-k and top-p. Close the generator to stop.
//
// `settings` are those of request.js's `sampleConfig`, with a seed. `forced` maps positions in the continuation to
// characters that are put there instead of sampled ones.
export function characters(engine, tokenizer, prompt, settings, forced = new Map()) {
  checkStop(tokenizer, settings.stop);
  const generated = generate(engine, tokenizer, prompt, settings, forced);
  return settings.stop ? untilStop(settings.stop, generated) : generated;
}

function* generate(engine, tokenizer, prompt, settings, forced) {
  const reader = new WindowedReader(engine, [encodePrompt(tokenizer, prompt)]);
  const seed = BigInt(settings.seed);
  try {
    for (let i = 0; i < settings.max_new_tokens; i++) {
      const [logits_V] = reader.read();
      const id = forced.has(i) ? tokenizer.encode(forced.get(i))[0] : sample(logits_V, settings, seed, i);
      yield { text: tokenizer.vocabulary[id], probability: probability(logits_V, id) };
      reader.append([id]);
    }
  } finally {
    reader.close();
  }
}

// A digit: the tenths of a character's probability, rounded down.
export const confidenceOf = (character) => String(Math.min(9, Math.floor(10 * character.probability)));

// The ids of a prompt, where an empty one is a newline.
export const encodePrompt = (tokenizer, prompt) => tokenizer.encode(prompt || "\n");

// Throw FieldError for a stop text with unknown characters: no text would ever end there.
export const checkStop = (tokenizer, stop) => {
  const unknown = [...(stop ?? "")].filter((each) => !tokenizer.knows(each));
  if (unknown.length) throw unwritableStop([...new Set(unknown)].join(""));
};

// The error for a stop text with characters that the model does not know.
export const unwritableStop = (unknown) => {
  const listed = [...unknown].slice(0, 80).join("");
  return new FieldError("stop", `must be a text that the model can write: it does not know ${listed}`);
};

// The ids that the model sees when it predicts the next one, after a prompt and what was generated since.
export const currentWindow = (config, prompt, generated) =>
  generated.reduce((row, id) => extended(config, row, id), prompt.slice(-config.block_size));

// Yield characters until `stop` appears in their text, holding back what may be its beginning.
export function* untilStop(stop, generated) {
  let held = [];
  const length = [...stop].length;
  const textOf = (some) => some.map(({ text }) => text).join("");
  for (const character of generated) {
    held.push(character);
    if (textOf(held).endsWith(stop)) {
      yield* held.slice(0, -length);
      return;
    }
    while (!stop.startsWith(textOf(held))) yield held.shift();
  }
  yield* held;
}
