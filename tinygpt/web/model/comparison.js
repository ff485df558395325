// The answers to the call `compare` of ../backend.js: see answers.js.

import { capitalized } from "../capitalized.js";
import { fragmentOf } from "../share_link.js";
import { shortened } from "./activations.js";
import { prepare, write } from "./continuation.js";
import { FieldError, quoted } from "./fields.js";
import { paced } from "./paced.js";
import { readRequest, seeded } from "./request.js";
import { linkTo } from "./share_link.js";

const MAX_TEMPERATURES = 6;
const LENGTH = 400; // characters of each text
const MARKS = "A mark shows where a text diverges from the one to its left.";

// Columns: a prompt at several temperatures, or with two settings, with one seed for all.
export async function* compare(session, call, signal) {
  const { bounds, facts } = session.config;
  const first = seeded(readRequest(bounds, { prompt: call.prompt, length: LENGTH, seed: call.seed }));
  const requests = settingsOf(call).map((settings) => readRequest(bounds, { ...first, ...settings }));
  for (const request of requests) prepare(session, request);
  let texts;
  const growing = sideBySide(requests.map((request) => write(session, request)));
  for await (texts of paced(growing, signal)) yield { ...comparison(texts), writing: true };
  const links = texts.map(({ request, text }) => {
    const link = { request, weights_sha256: facts.weights_sha256, forced: new Map() };
    return fragmentOf(JSON.parse(linkTo(link, [...text].length)));
  });
  yield comparison(texts, links, signal.reason);
}

// The states of several texts, each a character further; those that have ended stay.
function* sideBySide(texts) {
  let latest = [];
  try {
    for (let grown = next(texts); grown.some(Boolean); grown = next(texts)) {
      latest = grown.map((state, i) => state ?? latest[i]);
      yield latest;
    }
  } finally {
    for (const text of texts) text.return();
  }
}

const next = (texts) => texts.map((text) => text.next().value);

// The fields of a request in which the texts differ. Throws FieldError.
const settingsOf = ({ temperatures, left, right }) =>
  temperatures === undefined ? [left, right] : readTemperatures(temperatures).map((temperature) => ({ temperature }));

// The numbers in a list with commas. Throws FieldError if there are none, too many, or something else.
const readTemperatures = (text) => {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  if (!parts.every((part) => /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(part)))
    throw new FieldError("temperatures", `must be numbers separated by commas, not ${quoted(text, 60)}`);
  if (parts.length < 1 || parts.length > MAX_TEMPERATURES)
    throw new FieldError("temperatures", `must be 1 to ${MAX_TEMPERATURES} numbers, not ${parts.length}`);
  return parts.map(Number);
};

// The settings of a text in a few words: "Temperature 1.2, top-k 5".
export const heading = ({ strategy, beam_width, temperature, top_k, top_p }) => {
  if (strategy !== "sample") return strategy === "greedy" ? "Greedy" : `Beam search, width ${beam_width}`;
  const limits = Object.entries({ "top-k": top_k, "top-p": top_p }).filter(([, limit]) => limit !== null);
  const named = limits.map(([name, limit]) => `${name} ${shortened(limit)}`);
  return [`Temperature ${shortened(temperature)}`, ...named].join(", ");
};

// What the settings of a text do to it.
export const inWords = ({ strategy, temperature, top_k, top_p }) => {
  if (strategy === "beam") return "the likeliest text that the search finds";
  if (strategy === "greedy" || temperature === 0) return "always the likeliest letter";
  const bounds = [
    [0.65, "careful"],
    [0.95, "balanced"],
    [1.05, "just as it learned"],
    [1.5, "wild"],
  ];
  const words = [bounds.find(([bound]) => temperature < bound)?.[1] ?? "almost at random"];
  if (top_k !== null) words.push(top_k > 1 ? `among the ${top_k} likeliest letters` : "the likeliest letter only");
  if (top_p !== null) words.push(`among the likeliest letters that add up to ${shortened(100 * top_p)}%`);
  return words.join(", ");
};

const comparison = (texts, links = [], ended = "") => {
  const columns = texts.map(({ request, text }, i) => ({
    name: heading(request),
    heading: heading(request),
    caption: inWords(request),
    detail: "",
    text,
    memorized: [],
    link: links[i] ?? "",
  }));
  const [{ request, notes }] = texts;
  const shared = `All texts have the same prompt and seed (${request.seed}). ${MARKS}`;
  const sentences = ended ? `${shared} ${capitalized(ended)}.` : shared;
  return { columns, status: [["status", sentences], ...notes.map((note) => ["note", note])] };
};
