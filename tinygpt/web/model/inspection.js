// What a model predicts at one position of a text, and its activations there, as tinygpt/inference/inspection.py has it.

import { ValueError, grouped } from "./fields.js";
import { WindowedReader, currentWindow, encodePrompt } from "./generation.js";
import { argmax, probabilities, uniform } from "./sampling.js";

const MAX_INSPECTED = 2 ** 22; // attention weights of all heads, and numbers in all queries

// Probabilities of all characters for the one after `before`, which is the beginning of a continuation of `prompt`: see
// candidateProbabilities.
export const candidates = ({ engine, tokenizer }, prompt, before, settings) => {
  const seen = currentWindow(engine.config, encodePrompt(tokenizer, prompt), tokenizer.encode(before));
  const reader = new WindowedReader(engine, [seen]);
  try {
    return candidateProbabilities(reader.read()[0], settings);
  } finally {
    reader.close();
  }
};

// Each of the three sums to 1: the model's own probabilities, those after temperature, and those after top-k and top-p.
export const candidateProbabilities = (logits_V, { temperature, top_k, top_p }) => ({
  raw_V: probabilities(logits_V),
  tempered_V: probabilities(logits_V, { temperature }),
  kept_V: probabilities(logits_V, { temperature, top_k, top_p }),
});

// The window in which a model reads the character at `position` of a continuation, as a list of characters, and the
// index of that character in it. Negative positions count back from the end of the prompt; -1 is its last character.
// The window extends to its end or that of the text: later characters do not affect earlier ones.
//
// Throws ValueError for unknown characters, and for a position before the window or after the text.
export const windowAt = ({ config, tokenizer }, prompt, continuation, position) => {
  const { block_size } = config.model;
  const written = tokenizer.encode(continuation);
  const after = Math.max(0, position + 1);
  const seen = currentWindow(config.model, encodePrompt(tokenizer, prompt), written.slice(0, after));
  const index = seen.length - 1 + Math.min(0, position + 1);
  if (index < 0 || position >= written.length)
    throw new ValueError(`position ${position} is not in the text, or in no window that the model sees of it`);
  const ids = [...seen, ...written.slice(after, after + block_size - seen.length)];
  return { window: ids.map((id) => tokenizer.vocabulary[id]), index };
};

// How many characters can be inspected at once: a window, or what keeps memory within MAX_INSPECTED.
export const inspectable = ({ block_size, n_layer, n_head, n_embd }) => {
  const byAttention = Math.floor(Math.sqrt(Math.floor(MAX_INSPECTED / (n_layer * n_head))));
  return Math.min(block_size, byAttention, Math.floor(MAX_INSPECTED / (n_layer * n_embd)));
};

// The activations of a model that reads a text of 1 to `inspectable` characters, a list of them: those of an engine,
// with the sizes { L, H, T, D, C, V }.
export const activations = ({ engine, tokenizer }, text) => {
  const { n_layer: L, n_head: H, head_size: D, n_embd: C, vocab_size: V } = engine.config;
  const T = text.length;
  const most = inspectable(engine.config);
  if (T > most) throw new ValueError(`${grouped(most)} characters can be inspected at once, not ${grouped(T)}`);
  return { ...engine.activations(tokenizer.encode(text.join(""))), L, H, T, D, C, V };
};

// How a model reads the last character of a text and predicts the next one, from the activations of the text.
//
//   attention   see headAttention, of one head: `layer` and `head` count from 0
//   layers      see layerPredictions
//   logits_V    of the next character
//   candidates  see candidateProbabilities
//   uniform     the number in [0, 1) that samples the next character, at `position` of the continuation; null where
//               nothing is sampled, as in the prompt, whose positions are below 0
export const readCharacter = (activations, layer, head, settings, position) => {
  const { L, V, logits_LV } = activations;
  const logits_V = logits_LV.subarray(L * V, (L + 1) * V);
  const sampled = position >= 0 && settings.beam_width === null && settings.temperature > 0;
  return {
    attention: headAttention(activations, layer, head),
    layers: layerPredictions(activations),
    logits_V,
    candidates: candidateProbabilities(logits_V, settings),
    uniform: sampled ? uniform(BigInt(settings.seed), position) : null,
  };
};

// What one attention head attends to from the last character of a text: the query of that character, the weights of
// all, the position of the largest weight, the key there, and the score: query · key / √D.
export const headAttention = ({ queries_LHTD, keys_LHTD, H, T, D }, layer, head) => {
  const vector = (vectors_LHTD, t) => vectorAt(vectors_LHTD, ((layer * H + head) * T + t) * D, D);
  const query_D = vector(queries_LHTD, T - 1);
  const scores_T = Float64Array.from({ length: T }, (_, t) => dot(query_D, vector(keys_LHTD, t)) / Math.sqrt(D));
  const weights_T = probabilities(scores_T);
  const strongest = argmax(weights_T);
  return { query_D, weights_T, strongest, key_D: vector(keys_LHTD, strongest), score: scores_T[strongest] };
};

// What the model would predict after each layer if it ended there (the "logit lens"; nostalgebraist, 2020), before the
// first block, and after each: the residual stream at the last character, its Euclidean norm, and the id of the
// likeliest character with its probability.
export const layerPredictions = ({ residual_LC, logits_LV, L, C, V }) =>
  Array.from({ length: L + 1 }, (_, layer) => {
    const stream_C = vectorAt(residual_LC, layer * C, C);
    const probabilities_V = probabilities(vectorAt(logits_LV, layer * V, V));
    const id = argmax(probabilities_V);
    return { stream_C, norm: Math.sqrt(dot(stream_C, stream_C)), id, probability: probabilities_V[id] };
  });

// The attention weights of all heads for display: the square root of each in one byte, LHTT. A weight of 1 is 255.
export const attentionBytes = ({ queries_LHTD, keys_LHTD, L, H, T, D }) => {
  const bytes_LHTT = new Uint8Array(L * H * T * T);
  const scores_T = new Float64Array(T);
  for (let row = 0; row < L * H * T; row++) {
    const [first, t] = [row - (row % T), row % T]; // of this head; the position that attends
    const query_D = vectorAt(queries_LHTD, row * D, D);
    for (let s = 0; s <= t; s++) scores_T[s] = dot(query_D, vectorAt(keys_LHTD, (first + s) * D, D)) / Math.sqrt(D);
    const weights_T = probabilities(scores_T.subarray(0, t + 1));
    for (let s = 0; s <= t; s++) bytes_LHTT[row * T + s] = Math.round(255 * Math.sqrt(weights_T[s]));
  }
  return bytes_LHTT;
};

const vectorAt = (numbers, start, length) => numbers.subarray(start, start + length);

const dot = (one, other) => {
  let total = 0;
  for (let i = 0; i < one.length; i++) total += one[i] * other[i];
  return total;
};
