// A request of a person, as tinygpt/request.py declares it. Its fields are those of a Request (see ../backend.js): top_k,
// top_p and stop are null for none, and a seed is digits, or null before there is one.

import { FieldError, checked, quoted } from "./fields.js";

// A request within bounds, from the values of its fields; those that are missing get their defaults. `declared` is what
// tinygpt/request.py declares of every field: { default, optional, kind, ... } by name. Throws FieldError.
export const readRequest = (declared, values) => {
  const request = Object.fromEntries(
    Object.entries(declared).map(([name, bounds]) => {
      const value = name in values ? values[name] : bounds.default;
      return [name, checked(bounds, name, isEmpty(name, value) ? null : value)];
    }),
  );
  if (request.strategy === "beam" && request.beam_width === null) {
    const { low, high } = declared.beam_width;
    const problem = `must be a whole number from ${low} to ${high} for the strategy beam, not ${quoted(null)}`;
    throw new FieldError("beam_width", problem);
  }
  return request;
};

// An empty box is none.
const isEmpty = (name, value) =>
  typeof value === "string" && ((name === "stop" && value === "") || (name === "seed" && value.trim() === ""));

// The request that the controls show, whose right ends for top-k and top-p mean no limit. Throws FieldError.
export const requestOf = (declared, vocabSize, controls) =>
  readRequest(declared, { ...controls, ...samplingSettings(vocabSize, controls) });

// The fields of a request that three sliders show.
export const samplingSettings = (vocabSize, { temperature, top_k, top_p }) => ({
  temperature,
  top_k: top_k === vocabSize ? null : top_k,
  top_p: top_p === 1 ? null : top_p,
});

// Whether characters are sampled, so that they depend on the seed.
export const usesSeed = ({ strategy, temperature }) => strategy === "sample" && temperature > 0;

// The request with a seed: its own, or a fresh one from the operating system.
export const seeded = (request) =>
  request.seed === null ? { ...request, seed: String(crypto.getRandomValues(new BigUint64Array(1))[0]) } : request;

// What a sampler needs of it.
export const sampleConfig = ({ length, temperature, top_k, top_p, seed, stop, strategy, beam_width }) => ({
  max_new_tokens: length,
  temperature: strategy === "greedy" ? 0 : temperature,
  top_k,
  top_p,
  seed,
  stop,
  beam_width: strategy === "beam" ? beam_width : null,
});
