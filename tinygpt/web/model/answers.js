// The answers to the calls of ../backend.js, as async generators of plain data: what the page shows of each, in the words
// of the app. Those with texts give way to other tasks every few milliseconds, so that a text can be stopped at any time.
//
// `session` is what they know of a model: { config, tokenizer, engine }, where config is the exported model/config.json.
// `signal` is { reason }: why a text is to end, "" while it may go on. A mistake in a call throws ValueError.

import { fragmentOf } from "../share_link.js";
import { activationsData, inspect, moved, windowData } from "./activations.js";
import { prepare, write as writeText } from "./continuation.js";
import { atCharacter, checkWeights, promptAlone, readDisplayedText } from "./displayed_text.js";
import { ValueError, quoted } from "./fields.js";
import { candidates as candidatesAt } from "./inspection.js";
import { paced } from "./paced.js";
import { readRequest, requestOf, samplingSettings, seeded, usesSeed } from "./request.js";
import { descending } from "./sampling.js";
import { cannotBeOpened, fieldsOf, linkTo, readShareLink } from "./share_link.js";
import { aboutSample, otherWeights, status, writing } from "./status.js";

// Texts: of { request }, the controls of the page; of a { link }; or the sample of the weights.
export async function* write(session, call, signal) {
  const { bounds, facts } = session.config;
  const { weights_sha256 } = facts;
  if (call.sample) yield sampleText(session);
  else if (call.request) {
    const request = seeded(requestOf(bounds, session.tokenizer.vocabSize, call.request));
    yield* written(session, { request, weights_sha256, forced: new Map() }, signal);
  } else {
    const link = readShareLink(bounds, call.link);
    if (!call.opened) checkWeights(session, link);
    const others = !weights_sha256.startsWith(link.weights_sha256);
    const note = others ? otherWeights(link.weights_sha256) : [];
    try {
      check(session, link);
    } catch (error) {
      throw call.opened && error instanceof ValueError ? cannotBeOpened(error) : error;
    }
    for await (const text of written(session, link, signal)) yield { ...text, status: [...text.status, ...note] };
  }
}

// Throw ValueError for a link whose text these weights cannot write.
const check = (session, { request, forced }) => {
  prepare(session, request);
  const unknown = [...forced.values()].filter((character) => !session.tokenizer.knows(character)).sort();
  if (unknown.length) throw new ValueError(`the model does not know the character ${quoted(unknown[0])}`);
};

// The text of a link as it is written. One with forced characters is shown from the last of them on, so that its
// unchanged beginning stays in view.
async function* written(session, link, signal) {
  const own = { ...link, weights_sha256: session.config.facts.weights_sha256 };
  const lastForced = Math.max(-1, ...link.forced.keys());
  let last;
  for await (last of paced(writeText(session, link.request, link.forced), signal)) {
    if (last.confidence.length <= lastForced) continue;
    const fragment = fragmentOf(fieldsOf({ ...own, request: last.request }));
    yield { ...growingText(last, link.forced, writing(last)), fragment };
  }
  yield finishedText(last, { ...own, request: last.request }, status(last, signal.reason), signal.reason);
}

const growingText = ({ prompt, text, confidence }, forced, status) => {
  return { prompt, text, confidence, forced: [...forced.keys()], writing: true, status };
};

// A text with the link that writes it again; where it `ended` early, only what there is of it.
const finishedText = (continuation, link, status, ended = "") => {
  const { request, text } = continuation;
  const json = linkTo(link, ended ? [...text].length : 0);
  const fragment = fragmentOf(JSON.parse(json));
  const seed = usesSeed(request) ? request.seed : "";
  const finished = { writing: false, memorized: [], link: json, fragment, seed };
  return { ...growingText(continuation, link.forced, status), ...finished };
};

// The sample of the weights as a finished text, which nobody asked for.
const sampleText = (session) => {
  const { sample, bounds } = session.config;
  if (sample === null) return { text: "", writing: false, status: [], sample: true };
  const { text, confidence = "", weights_sha256 } = sample;
  const request = readRequest(bounds, sample.request);
  const { prompt } = prepare(session, request);
  const link = { request, weights_sha256, forced: new Map() };
  return { ...finishedText({ request, prompt, text, confidence }, link, aboutSample()), sample: true };
};

// Candidates: of a Shown, with the temperature, top_k and top_p that the page shows.
export async function* candidates(session, call) {
  const { tokenizer } = session;
  const displayed = atCharacter(readDisplayedText(session, call));
  const { link, text, position } = displayed;
  const settings = readRequest(session.config.bounds, samplingSettings(tokenizer.vocabSize, call));
  const before = text.slice(0, position).join("");
  const { raw_V, tempered_V, kept_V } = candidatesAt(session, displayed.prompt.join(""), before, settings);
  const sampled = usesSeed(link.request) ? "sampled" : "the likeliest";
  yield {
    position,
    character: text[position],
    how: link.forced.has(position) ? "chosen by hand" : sampled,
    candidates: Array.from(descending(raw_V), (id) => {
      return [tokenizer.vocabulary[id], ...[raw_V, tempered_V, kept_V].map((each_V) => Number(each_V[id].toFixed(6)))];
    }),
  };
}

// Activations: of a Shown, or without a link of the `prompt` on the page with its temperature, top_k and top_p.
export async function* activations(session, call) {
  const displayed = call.link
    ? readDisplayedText(session, call)
    : promptAlone(session, call.prompt, samplingSettings(session.tokenizer.vocabSize, call));
  if (displayed.position !== null) atCharacter(displayed);
  const { index, layer, head } = call;
  const inspection = moved(session, inspect(session, displayed), { index, layer, head });
  const window = call.window ? { window: await windowData(session, inspection) } : {};
  yield { ...activationsData(session, inspection), ...window };
}
