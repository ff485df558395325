// A request from a person, whatever they typed, to the text they see grow, as tinygpt/inference/continuation.py does it.

import { bestBeams } from "./beam_search.js";
import { FieldError } from "./fields.js";
import { characters, confidenceOf, unwritableStop } from "./generation.js";
import { sampleConfig } from "./request.js";

// The continuation of any prompt, as it grows from nothing: yields Continuations, the text that a request led to, as far
// as it has been written:
//
//   request      in known characters, with its seed: it leads to this text again
//   prompt       in known characters, however long
//   text         the continuation
//   confidence   for each character of the text a digit: the tenths of probability that the model gave it
//   notes        what was changed in the prompt, for a person
//   seconds      since the writing began
//
// `session` is what answers.js has of a model. The request has a seed; `forced` maps positions to characters that a
// person put there. Throws what `prepare` does.
export function* write(session, request, forced = new Map()) {
  const { engine, tokenizer } = session;
  const { prompt, settings, notes } = prepare(session, request);
  const texts = settings.beam_width
    ? bestBeams(engine, tokenizer, prompt, settings)
    : growing(characters(engine, tokenizer, prompt, settings, forced));
  const known = knownRequest(session, request, prompt, settings.stop);
  const start = performance.now();
  const continuation = (text, confidence) => {
    return { request: known, prompt, text, confidence, notes, seconds: (performance.now() - start) / 1000 };
  };
  yield continuation("", "");
  for (const { text, confidence } of texts) yield continuation(text, confidence);
}

// The prompt and the settings in characters that the model knows, and notes on what was changed for that.
//
// Throws FieldError when the prompt is empty for a model that knows no line ends, the stop text has characters that the
// model does not know, or top_k is above the vocabulary.
export const prepare = ({ config, tokenizer }, request) => {
  const settings = sampleConfig(request);
  const { top_k } = settings;
  if (top_k !== null && top_k > tokenizer.vocabSize)
    throw new FieldError("top_k", `must be at most ${tokenizer.vocabSize}, the vocabulary, not ${top_k}`);
  const { text: prompt, notes } = tokenizer.normalize(request.prompt);
  if (!prompt) {
    if (!tokenizer.knows("\n"))
      throw new FieldError("prompt", "must have a character that the model knows: it knows no new line to begin with");
    notes.push("Nothing to continue, so the text starts on a new line.");
  }
  const { block_size } = config.model;
  if ([...prompt].length > block_size) notes.push(`The model sees the last ${block_size} characters of the prompt.`);
  const stop = spelledStop(tokenizer, settings.stop ?? "");
  notes.push(...stop.notes.map((change) => `In the stop text: ${change}`));
  return { prompt, settings: { ...settings, stop: stop.text || null }, notes };
};

// A stop text in known characters, and notes. Throws FieldError if some of it has no spelling in them.
const spelledStop = (tokenizer, stop) => {
  const unspellable = tokenizer.unspellable(stop);
  if (unspellable) throw unwritableStop(unspellable);
  return tokenizer.normalize(stop);
};

// The request in known characters, which may be more: of "…" becomes "...", and bounds still hold.
const knownRequest = ({ config: { bounds } }, request, prompt, stop) => {
  const fits = stop === null || [...stop].length <= bounds.stop.high;
  return { ...request, prompt: [...prompt].slice(-bounds.prompt.high).join(""), stop: fits ? stop : request.stop };
};

// The text so far and its confidence, after each character.
function* growing(written) {
  let [text, confidence] = ["", ""];
  for (const character of written) {
    text += character.text;
    confidence += confidenceOf(character);
    yield { text, confidence };
  }
}
