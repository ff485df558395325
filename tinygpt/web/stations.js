// The stations of the model as shapes, each with the numbers of one character: from its id to the next character.

import * as dom from "./dom.js";
import { band, bars, circle, path, rect, text } from "./svg.js";

export const [LEFT, RIGHT] = [8, 344]; // margins, in the drawing's own units, which are pixels on a phone
const INNER_WIDTH = RIGHT - LEFT;
const COLUMNS = 8; // as many as there are last characters in Activations
const PITCH = INNER_WIDTH / COLUMNS;
const SIGNS = { "\n": "↵", " ": "␣" };

// A station of the walk (see lessons.js), with the numbers of Activations (see backend.js): { title, height, shapes }.
export const stationOf = (name, activations) => {
  const [title, [height, ...shapes]] = STATIONS[name](activations);
  return { title, height, shapes };
};

const STATIONS = {
  characters: ({ model, reading }) => ["Characters and their ids", characters(model, reading)],
  embedding: ({ model, reading }) => ["Embedding", embedding(model, reading)],
  attention: ({ model, reading, layer, head }) => [
    `Attention: block ${layer + 1}, head ${head + 1}`,
    attention(model, reading),
  ],
  "feed-forward": ({ model, reading, layer }) => ["Feed-forward", feedForward(model, reading, layer)],
  residual: ({ model, reading }) => [
    model.n_layer === 1 ? "The block adds to it" : `Blocks 1 to ${model.n_layer} add up`,
    residual(model, reading),
  ],
  logits: ({ model, reading }) => ["Logits", logits(model, reading)],
  probabilities: ({ model, reading }) => ["Probabilities", probabilities(model, reading)],
  sampling: ({ reading }) => ["The next character", sampling(reading)],
};

const characters = (model, { latest, length }) => [
  70,
  latest.map(([character, id], n) => [
    rect(n === latest.length - 1 ? "box here" : "box", place(n), 0, 36, 28),
    text(place(n) + 18, 19, sign(character), "letter"),
    text(place(n) + 18, 44, id, "small middle"),
  ]),
  text(LEFT, 64, `${length} of at most ${model.block_size} characters; ${model.vocab_size} ids`),
];

const embedding = ({ family, n_embd: C, vocab_size: V, block_size: T }, { latest, length, layers }) => {
  const [character, id] = latest.at(-1);
  const position = family === "gpt" ? `, and row ${length - 1} of ${T} × ${C}` : "";
  const numbers = layers[0].stream.slice(0, 5).map((value) => value.toFixed(2));
  return [
    54,
    band(layers[0].stream, LEFT, 0, INNER_WIDTH, 14),
    text(LEFT, 31, `${quoted(character)}: row ${id} of a table of ${V} × ${C}${position}`),
    text(LEFT, 49, `${numbers.join("  ")} … ${C} numbers`, "small"),
  ];
};

const attention = ({ head_size: D }, { latest, length, attention }) => {
  const { query, key, character, back, score, weight } = attention;
  const others = length > latest.length ? `; earlier characters: ${percent(attention.earlier)}` : "";
  return [
    184,
    text(LEFT, 12, `query of ${quoted(latest.at(-1)[0])}: ${D} numbers`),
    band(query, LEFT, 18, INNER_WIDTH, 10),
    text(LEFT, 45, `key of ${quoted(character)}, ${back ? `${back} back` : "itself"}: ${D} numbers`),
    band(key, LEFT, 51, INNER_WIDTH, 10),
    text(LEFT, 79, `query · key / √${D} = ${score.toFixed(2)}; after softmax: ${percent(weight)}`),
    columns(latest.map(([each], n) => [each, attention.latest[n]]), 90),
    text(LEFT, 179, `the values are added up with these weights${others}`, "small"),
  ];
};

const feedForward = ({ family, n_embd: C, hidden }, { latest, layers }, layer) => {
  const middle = (LEFT + RIGHT) / 2;
  const before = layers[layer].stream;
  const added = layers[layer + 1].stream.map((value, n) => value - before[n]);
  const kind = family === "gpt" ? "ReLU" : "a gate (SwiGLU)";
  return [
    120,
    path("box", `M${middle - 60} 0h120l60 16v8l-60 16h-120l-60 -16v-8z`),
    text(middle, 25, `${C} → ${hidden} → ${C}`, "letter"),
    text(LEFT, 58, `each character by itself, with ${kind}`),
    text(LEFT, 84, `to ${quoted(latest.at(-1)[0])}, block ${layer + 1} adds (length ${Math.hypot(...added).toFixed(1)}):`),
    band(added, LEFT, 90, INNER_WIDTH, 12),
    text(LEFT, 115, "what its attention and its feed-forward give together", "small"),
  ];
};

const residual = ({ n_layer }, { layers }) => [
  34 * (n_layer + 1) - 4,
  path("flow", `M${LEFT + 7} 6v${34 * n_layer}`),
  layers.map(({ stream, norm, character, probability }, n) => {
    const after = n ? `after block ${n}` : "at the start";
    const guess = `${quoted(character)} would come next, ${percent(probability)}`;
    return [
      band(stream, LEFT + 22, 34 * n, INNER_WIDTH - 22, 12),
      circle("plus", LEFT + 7, 34 * n + 6, 7),
      text(LEFT + 7, 34 * n + 10.5, n ? "+" : "", "middle"),
      text(LEFT + 22, 34 * n + 25, `${after}, length ${norm.toFixed(1)}: ${guess}`, "small"),
    ];
  }),
];

const logits = ({ n_embd: C, vocab_size: V }, { vocabulary }) => {
  const scores = vocabulary.map(([, logit]) => logit);
  const largest = Math.max(1e-9, ...scores.map(Math.abs));
  const labels = likeliest(vocabulary).map(([character, logit], n) => [
    text(place(n) + 18, 70, sign(character), "letter"),
    text(place(n) + 18, 86, logit.toFixed(1), "small middle"),
  ]);
  return [
    108,
    bars(scores, LEFT, 28, INNER_WIDTH, 24 / largest),
    labels,
    text(LEFT, 103, `a norm, then a matrix of ${C} × ${V}: a score for each of the ${V}`),
  ];
};

const probabilities = ({ vocab_size: V }, { vocabulary, settings }) => {
  const shown = likeliest(vocabulary);
  const others = 1 - shown.reduce((total, [, , probability]) => total + probability, 0);
  const rest = V > shown.length ? `all ${(V - shown.length).toLocaleString("en")} others: ${percent(Math.max(0, others))}` : "";
  return [
    130,
    columns(shown.map(([character, , probability]) => [character, probability]), 2, 56),
    text(LEFT, 109, `softmax, ${settings}`),
    text(LEFT, 126, rest, "small"),
  ];
};

const sampling = ({ vocabulary, next, uniform, not_sampled }) => {
  const sections = vocabulary.map(([character, , probability, before]) => {
    const [x, width] = [LEFT + before * INNER_WIDTH, probability * INNER_WIDTH];
    return [
      width > 0.3 ? rect(character === next ? "box here" : "box", x, 16, width, 26) : [],
      width > 9 ? text(x + width / 2, 34, sign(character), "letter") : [],
    ];
  });
  const sampled = next && uniform !== null;
  const caption = sampled
    ? `the random number ${uniform.toFixed(4)} falls on ${quoted(next)}`
    : next
      ? `${quoted(next)} came next, ${not_sampled}`
      : "the text ends here; one of these would come next";
  const arrow = sampled ? path("uniform", `M${(LEFT + uniform * INNER_WIDTH).toFixed(2)} 15l-5 -9h10zv30`) : [];
  return [66, rect("frame", LEFT, 16, INNER_WIDTH, 26), sections, arrow, text(LEFT, 61, caption)];
};

// The rows of the characters with the highest scores, at most as many as there are columns.
const likeliest = (vocabulary) => [...vocabulary].sort((one, other) => other[1] - one[1]).slice(0, COLUMNS);

// Characters with their shares, as bars that are so high for all of it.
const columns = (shares, y, high = 40) =>
  shares.map(([character, share], n) => [
    rect("accent", place(n) + 6, y + high * (1 - share), 24, high * share),
    text(place(n) + 18, y + high + 16, sign(character), "letter"),
    text(place(n) + 18, y + high + 32, percent(share), "small middle"),
  ]);

const place = (column) => LEFT + PITCH * column;
const sign = (character) => dom.shown(character, SIGNS);
const quoted = (character) => dom.quoted(character, SIGNS);
const percent = (share) => dom.percent(share, "< 1%");
