// Lines below a text (see ../backend.js), in the words of tinygpt/ui/components/status.py.

import { capitalized } from "../capitalized.js";
import { FieldError, grouped } from "./fields.js";
import { usesSeed } from "./request.js";

const LABELS = { top_k: "Top-k", top_p: "Top-p", stop: "Stop at" }; // of controls that are called other than their fields

const notesOn = ({ notes }) => notes.map((note) => ["note", note]);

// Shown while a text is written. It stays the same, since screen readers read out each change.
export const writing = (continuation) => [["status", "Writing …"], ...notesOn(continuation)];

// Shown with the sample that the page opens with.
export const aboutSample = () => [
  ["status", "A sample of what this model writes. Press Write for a text of your own."],
];

// Length, speed and seed of a text, why it ended early, and what was changed in its prompt.
export const status = (continuation, ended = "") => {
  const parts = [...howMuch(continuation), how(continuation.request), ...(ended ? [ended] : [])];
  return [["status", parts.join(" · ")], ...notesOn(continuation)];
};

// How much was written and how fast.
const howMuch = ({ confidence: { length }, seconds }) => [
  `${grouped(length)} character${length === 1 ? "" : "s"}`,
  `${seconds.toFixed(1)} s`,
  `${grouped(seconds ? Math.round(length / seconds) : 0)} per second`,
];

// How the characters of a text were chosen: "seed 7", "greedy" or "beam width 4".
const how = (request) => {
  if (request.strategy === "beam") return `beam width ${request.beam_width}`;
  return usesSeed(request) ? `seed ${request.seed}` : "greedy";
};

// Shown while the model is being loaded.
export const loading = () => [["status", "Loading the model; this takes a few seconds."]];

// Added for a text from a link to other weights than those that wrote it now.
export const otherWeights = (sha256) => [
  ["note", `Other weights wrote the shared text (${sha256.slice(0, 12)}…), so this one differs.`],
];

// Why nothing was written, and what to do.
export const refusal = (error) => {
  const { field, problem, message } = error;
  if (error instanceof FieldError)
    return [
      ["note", `${LABELS[field] ?? capitalized(field.replaceAll("_", " "))} ${problem}. Correct this and try again.`],
    ];
  return [["note", `${capitalized(message)}.`]];
};
