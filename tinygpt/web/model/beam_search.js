// Beam search: looks for the most probable text instead of sampling one, as tinygpt/inference/beam_search.py does it.

import { WindowedReader, checkStop, confidenceOf, encodePrompt } from "./generation.js";
import { descending } from "./sampling.js";

const START = { text: "", confidence: "" };

// Yield the most probable continuation found so far, { text, confidence }, after every character; the last one is the
// result.
//
// Keeps the `settings.beam_width` texts with the highest sums of log-probabilities; of equal ones, the first in
// vocabulary order. Width 1 is greedy. Temperature, top_k, top_p and seed have no effect.
export function* bestBeams(engine, tokenizer, prompt, settings) {
  checkStop(tokenizer, settings.stop);
  const reader = new WindowedReader(engine, [encodePrompt(tokenizer, prompt)]);
  try {
    yield* search(reader, tokenizer, settings);
  } finally {
    reader.close();
  }
}

function* search(reader, tokenizer, { max_new_tokens, beam_width, stop }) {
  const { vocabulary, vocabSize } = tokenizer;
  let beams = [{ ...START, score: 0 }];
  let ended = { ...START, score: -Infinity };
  for (let i = 0; i < max_new_tokens; i++) {
    const logProbabilities_BV = reader.read().map(logSoftmax);
    const totals = Float64Array.from(
      logProbabilities_BV.flatMap((row, b) => Array.from(row, (each) => beams[b].score + each)),
    );
    const grown = Array.from(descending(totals).slice(0, beam_width), (best) => {
      const [row, id] = [Math.floor(best / vocabSize), best % vocabSize];
      const probability = Math.exp(logProbabilities_BV[row][id]);
      return { ...extended(beams[row], { text: vocabulary[id], probability }), score: totals[best], row, id };
    });
    const atStop = grown.find((beam) => isAtStop(beam, stop));
    if (atStop && atStop.score > ended.score) ended = without(atStop, stop);
    const alive = grown.filter((beam) => !isAtStop(beam, stop));
    // Scores only decrease as texts grow, so a finished text that leads cannot be overtaken.
    if (!alive.length || ended.score >= alive[0].score) {
      yield ended;
      return;
    }
    beams = alive;
    yield beams[0];
    reader.select(beams.map(({ row }) => row));
    reader.append(beams.map(({ id }) => id));
  }
  if (ended.score >= beams[0].score) yield ended;
}

const extended = ({ text, confidence }, character) => ({
  text: text + character.text,
  confidence: confidence + confidenceOf(character),
});

const isAtStop = ({ text }, stop) => stop !== null && text.endsWith(stop);

const without = ({ text, confidence, score }, stop) => {
  const kept = text.slice(0, -stop.length);
  return { text: kept, confidence: confidence.slice(0, [...kept].length), score };
};

const logSoftmax = (logits_V) => {
  const maximum = logits_V.reduce((one, other) => Math.max(one, other));
  const shifted_V = Float64Array.from(logits_V, (logit) => logit - maximum);
  const logTotal = Math.log(shifted_V.reduce((total, each) => total + Math.exp(each), 0));
  return shifted_V.map((each) => each - logTotal);
};
