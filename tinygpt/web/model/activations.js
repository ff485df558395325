// What a visitor inspects of a text, and how a model reads it there, as data for drawing: see Activations in
// ../backend.js. As tinygpt/ui/services/inspection.py and tinygpt/ui/components/activations.py have it.

import { FieldError, ValueError, checked, grouped } from "./fields.js";
import { activations, attentionBytes, inspectable, readCharacter, windowAt } from "./inspection.js";
import { sampleConfig, usesSeed } from "./request.js";
import { descending } from "./sampling.js";
import { fieldsOf } from "./share_link.js";

const LATEST = 8; // characters before the next one that are shown one by one
const LIKELIEST = 1000; // characters of a large vocabulary that are shown
const DIGITS = 5; // significant digits of the numbers in long lists

// The first inspection of a text: of the character before the inspected one, or before the last one. An Inspection has
//
//   displayed     the text: { link, prompt, text, position }, a list of characters as the text and as the prompt
//   window        the characters of a window of it, or of a part of the window
//   first         the position of its first character; negative ones count back from the end of the prompt
//   index         of the inspected character in the window
//   skipped       characters of the model's window before this part of it
//   seen          characters in the model's window
//   layer, head   whose attention is inspected
export const inspect = (session, displayed) => {
  const { prompt, text, position } = displayed;
  const predicted = position ?? text.length - 1;
  const read = text.length ? predicted - 1 : -1;
  const { window, index } = windowAt(session, prompt.join(""), text.join(""), read);
  const size = inspectable(session.config.model);
  const skipped = Math.max(0, index + 1 - size); // the beginning of a window is read as in the window
  const part = { window: window.slice(skipped, skipped + size), index: index - skipped, skipped, seen: window.length };
  return { displayed, ...part, first: read - part.index, layer: 0, head: 0 };
};

// The same window with another `index`, `layer` or `head`; those that are null stay as they are. Throws ValueError if
// there is no such character or head.
export const moved = ({ config: { model } }, inspection, changes) => {
  const counts = { index: inspection.window.length, layer: model.n_layer, head: model.n_head };
  const given = Object.entries(changes).filter(([, value]) => (value ?? null) !== null);
  try {
    for (const [name, value] of given) checked({ kind: "integer", low: 0, high: counts[name] - 1 }, name, value);
  } catch (error) {
    throw error instanceof FieldError
      ? new ValueError(`The ${error.message}: choose another character or head`)
      : error;
  }
  return { ...inspection, ...Object.fromEntries(given) };
};

// The inspected character and head, the sizes of the model, and how it reads the character.
export const activationsData = (session, inspection) => {
  const { displayed, index, layer, head } = inspection;
  const { model, facts } = session.config;
  const { link, text, position } = displayed;
  return {
    shown: { link: JSON.stringify(fieldsOf(link)), text: text.join(""), position },
    index,
    layer,
    head,
    model: { ...model, teachers: facts.teachers },
    reading: reading(session, inspection),
  };
};

// The window, with the attention of every head in it.
export const windowData = async (session, inspection) => ({
  text: inspection.window.join(""),
  weights: await deflated(attentionBytes(activations(session, inspection.window))),
  note: partShown(inspection),
});

const deflated = async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  const compressed = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(Array.from(compressed, (byte) => String.fromCharCode(byte)).join(""));
};

const reading = (session, inspection) => {
  const { displayed, window, index, layer, head } = inspection;
  const { tokenizer } = session;
  const settings = sampleConfig(displayed.link.request);
  const text = window.slice(0, index + 1);
  const position = inspection.first + index + 1; // of the next character
  const read = readCharacter(activations(session, text), layer, head, settings, position);
  const notSampled = whyNotSampled(session, inspection);
  const { raw_V, kept_V } = read.candidates;
  return {
    length: text.length,
    latest: text.slice(-LATEST).map((each) => [each, ...tokenizer.encode(each)]),
    attention: attentionData(read.attention, text),
    layers: read.layers.map(({ stream_C, norm, id, probability }) => {
      return { stream: rounded(stream_C), norm, character: tokenizer.vocabulary[id], probability };
    }),
    vocabulary: likeliest(tokenizer.vocabulary, read.logits_V, settings.beam_width ? raw_V : kept_V),
    settings: inWords(settings, tokenizer.vocabSize),
    next: nextCharacter(inspection),
    uniform: notSampled ? null : read.uniform,
    not_sampled: notSampled,
  };
};

const attentionData = ({ query_D, key_D, weights_T, strongest, score }, text) => ({
  query: rounded(query_D),
  key: rounded(key_D),
  character: text[strongest],
  back: text.length - 1 - strongest,
  score,
  weight: weights_T[strongest],
  latest: rounded(weights_T.slice(-LATEST)),
  earlier: weights_T.slice(0, -LATEST).reduce((total, each) => total + each, 0),
});

// For each character, in the order of the vocabulary: its logit, its probability, and the sum of those before.
const likeliest = (vocabulary, logits_V, probabilities_V) => {
  let before = 0;
  const befores_V = probabilities_V.map((probability) => (before += probability) - probability);
  const ids = [...descending(logits_V).slice(0, LIKELIEST).sort()];
  return ids.map((id) => [vocabulary[id], ...rounded([logits_V[id], probabilities_V[id], befores_V[id]])]);
};

// The character after the inspected one; "" where the text ends.
const nextCharacter = ({ displayed: { prompt, text }, first, index }) => {
  const position = first + index + 1;
  return (position < 0 ? prompt.at(position) : text[position]) ?? "";
};

// Why the next character was not sampled from the probabilities here; "" if it was. The words follow "It came next, ".
const whyNotSampled = (session, inspection) => {
  const { displayed, first, index, skipped } = inspection;
  const { request, forced } = displayed.link;
  const position = first + index + 1;
  if (position < 0 || !nextCharacter(inspection)) return "as the prompt says";
  if (forced.has(position)) return "chosen by hand";
  if (request.strategy === "beam") return "found by beam search";
  if (!usesSeed(request)) return "being the likeliest";
  if (skipped) return "sampled with more of the text in view";
  // The beginning of a new window was sampled in the window before.
  const before = windowAt(session, displayed.prompt.join(""), displayed.text.join(""), position - 1);
  return before.index === index ? "" : "sampled in the previous window";
};

// What is not shown of the model's window; "" if it is shown whole.
const partShown = ({ window: { length }, seen, skipped }) => {
  if (length === seen) return "";
  const sees = `The model sees ${grouped(seen)} characters here;`;
  if (skipped) return `${sees} ${grouped(length)} are shown, read as if the text began there.`;
  return `${sees} the first ${grouped(length)} are shown.`;
};

const inWords = ({ temperature, top_k, top_p, beam_width }, vocabSize) => {
  if (beam_width) return "at temperature 1, as in beam search";
  const words = [`at temperature ${shortened(temperature)}`];
  if (top_k && top_k < vocabSize) words.push(`top-k ${top_k}`);
  if (top_p && top_p < 1) words.push(`top-p ${shortened(top_p)}`);
  return words.join(", ");
};

// A number with at most six significant digits.
export const shortened = (number) => String(Number(number.toPrecision(6)));

const rounded = (numbers) => Array.from(numbers, (number) => Number(number.toPrecision(DIGITS)));
