// Share links: what writes a text again, as the fragment of an address and as JSON. Both are as in
// tinygpt/ui/services/share_link.py, which has the last word on what is within bounds.

import { excerpt } from "./pieces.js";

const DIGITS = 12; // of the weights' sha256, in a fragment
const EXCERPT = 60; // characters of a text, below a figure
const matching = (pattern, convert) => (value) => {
  if (!pattern.test(value)) throw new SyntaxError(value);
  return convert(value);
};
const text = (value) => value;
const integer = matching(/^[0-9]+$/, Number);
const digits = matching(/^[0-9]+$/, (value) => String(BigInt(value))); // of more than a number can hold
const number = matching(/^[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/, Number);

// The fields: their defaults, and how their values in a fragment are read.
const FIELDS = {
  prompt: ["", text],
  length: [500, integer],
  temperature: [0.8, number],
  top_k: [null, integer],
  top_p: [null, number],
  seed: [null, digits],
  stop: [null, text],
  strategy: ["sample", text],
  beam_width: [4, integer],
  weights_sha256: [null, text],
  forced: [[], JSON.parse],
};
const DEFAULTS = Object.fromEntries(Object.entries(FIELDS).map(([name, [value]]) => [name, value]));

// The fields of a link, from its fragment or its JSON, with all that it leaves out; null if it is no link, or has other
// fields.
export const readLink = (link) => {
  try {
    const named = parseLink(link);
    const fields = { ...DEFAULTS, ...named };
    const known = Object.keys(named).every((name) => Object.hasOwn(FIELDS, name));
    const isSeeded = String(fields.seed ?? "") !== "";
    // Not every text can be in an address: half a surrogate pair cannot.
    return known && isSeeded && fragmentOf(fields) ? fields : null;
  } catch {
    return null;
  }
};

// The fields that a link names, whatever they are, from its fragment or its JSON. Throws SyntaxError and the like for
// anything else.
export const parseLink = (link) => (link.trimStart().startsWith("{") ? fromJSON(JSON.parse(link)) : fromFragment(link));

// Earlier versions called the forced characters `chosen`, and had no width for texts of no beams.
const fromJSON = ({ chosen, forced = chosen ?? [], beam_width, ...fields }) => ({
  ...fields,
  beam_width: beam_width ?? DEFAULTS.beam_width,
  stop: fields.stop || null,
  forced,
});

const fromFragment = (fragment) => {
  const fields = {};
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const [name, value] = part.split(/=(.*)/s).map(decode);
    if (value === undefined || Object.hasOwn(fields, name)) throw new SyntaxError(part);
    fields[name] = Object.hasOwn(FIELDS, name) ? FIELDS[name][1](value) : value;
  }
  return { ...fields, stop: fields.stop || null };
};
const decode = (value) => value.replaceAll("+", " ").replace(/(%[0-9a-f]{2})+/gi, decodeURIComponent);

// The fragment of a link's address, from its fields: "#" and those that differ from their defaults.
export const fragmentOf = (fields) => {
  const { forced, weights_sha256, ...request } = fields;
  if (typeof weights_sha256 !== "string" || !Array.isArray(forced)) throw new TypeError("not the fields of a link");
  const values = {
    ...Object.fromEntries(Object.entries(request).filter(([name, value]) => value !== DEFAULTS[name])),
    weights_sha256: weights_sha256.slice(0, DIGITS),
    ...(forced.length && { forced: JSON.stringify(forced) }),
  };
  return `#${Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&")}`;
};

// How the text of a link is sampled, in words, from the link's fields.
export const howSampled = ({ strategy, temperature, top_k, top_p, seed, beam_width }) => {
  if (strategy === "beam") return `beam width ${beam_width}`;
  if (strategy === "greedy" || !temperature) return "greedy";
  const limits = [top_k && `top-k ${top_k}`, top_p && `top-p ${top_p}`].filter(Boolean);
  return [`temperature ${temperature}`, ...limits, `seed ${seed}`].join(" · ");
};

// What is said of a Shown (see backend.js) below a figure: the text, up to its position, and the weights.
export const aboutText = ({ link, text, position }) => {
  const { prompt, weights_sha256 } = JSON.parse(link);
  const before = excerpt(prompt + [...text].slice(0, position ?? Infinity).join(""), EXCERPT);
  return [`${position === null ? "Text" : "After"}: “\u2068${before}\u2069”`, weightsInWords(weights_sha256)];
};
export const weightsInWords = (sha256) => `Weights ${sha256.slice(0, DIGITS)}`;

// The same for links to the same text, however they are written; for what is no link, itself.
export const keyOf = (link) => {
  const fields = link && readLink(link);
  return fields ? fragmentOf(fields) : link;
};

// Whether two links are to versions of one text, which differ in the characters that a person chose, or where they end.
export const areVersions = (link, other) => {
  const [one, two] = [link, other].map((each) => {
    const fields = each && readLink(each);
    return fields && fragmentOf({ ...DEFAULTS, ...fields, forced: [], length: 1, stop: null, strategy: "sample" });
  });
  return one !== null && one === two;
};

// The link to another text with the same settings, by the same weights.
export const reseeded = (link) => {
  const [seed] = crypto.getRandomValues(new BigUint64Array(1));
  return JSON.stringify({ ...JSON.parse(link), seed: String(seed), forced: [] });
};

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

// The link to the beginning of a text. That of a beam search, which finds a text as a whole, is unchanged.
export const until = (link, length) => {
  const fields = JSON.parse(link);
  if (fields.strategy === "beam") return link;
  return JSON.stringify({ ...fields, length, forced: fields.forced.filter(([position]) => position < length) });
};

// The link to a text (see backend.js) that goes on with more characters. Where no link can have them all, or the text
// is a beam search's, the text is joined to the prompt: { link, joined }.
export const continued = ({ link, prompt, text }, more, limits) => {
  const fields = JSON.parse(link);
  const written = [...text].length;
  if (fields.strategy === "beam" || written + more > limits.length) {
    const joined = [...prompt, ...text].slice(-limits.prompt).join("");
    return { link: JSON.stringify({ ...fields, prompt: joined, length: more, forced: [] }), joined: true };
  }
  const stop = written < fields.length ? null : fields.stop; // it has ended there before
  return { link: JSON.stringify({ ...fields, length: written + more, stop }), joined: false };
};

// The content of output.txt: the prompt and the continuation, each under a heading.
export const outputFile = (prompt, text) => {
  const heading = (word) => `---- ${word} `.padEnd(60, "-");
  return `${heading("PROMPT")}\n${prompt.replace(/^\n+|\n+$/g, "")}\n\n${heading("CONTINUATION")}\n${text}\n`;
};
