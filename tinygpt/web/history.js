// The visitor's history: the share link and the beginning of each text, stored in this browser only.

import { create } from "./dom.js";
import { howSampled, keyOf } from "./share_link.js";

const KEY = "tinygpt.texts";
const MAX_ENTRIES = 50;
const FORMAT = { dateStyle: "medium", timeStyle: "short" };
const NOTE = "The texts that you write are listed here, for you to come back to. They are kept in this browser only.";
const NOT_KEPT = "This browser stores no more texts of this page: they are listed until you close or reload it.";
const EXCERPT = 120; // characters of a text that are stored
let entries = []; // { link, text, time }, the latest first; a link is the JSON of a share link
let container = null; // the element of the list, once it is on the page
let onOpen = () => {};
let writing = false;
let isKept = true;

// The prompt of a share link's JSON and how it was continued; null if the JSON is not such a link.
const read = (link) => {
  try {
    const fields = JSON.parse(link);
    const { prompt, temperature, seed } = fields;
    if (typeof prompt !== "string" || typeof temperature !== "number" || typeof seed !== "string") return null;
    return { prompt, how: howSampled(fields) };
  } catch {
    return null;
  }
};
// Other versions of this page or other scripts may have stored anything.
const isValid = (entry) =>
  typeof entry?.link === "string" &&
  typeof entry.text === "string" &&
  Number.isFinite(entry.time) &&
  read(entry.link) !== null;
// Earlier versions stored the link as `recipe`, and in it the forced characters as `chosen`.
const upgraded = (entry) => (entry?.recipe ? { link: entry.recipe, text: entry.text, time: entry.time } : entry);
const sameText = (one, other) => keyOf(one) === keyOf(other);
const load = () => {
  try {
    entries = JSON.parse(localStorage.getItem(KEY) ?? "[]")
      .map(upgraded)
      .filter(isValid)
      .slice(0, MAX_ENTRIES);
  } catch {
    entries = []; // no storage, or no JSON in it
  }
};
// Store the entries. Returns whether any could be.
const save = () => {
  for (let kept = entries.length; kept > 0; kept >>= 1) {
    try {
      localStorage.setItem(KEY, JSON.stringify(entries.slice(0, kept)));
      return true;
    } catch {
      // No storage, or too little of it: try with the latest entries only. This page still lists all of them.
    }
  }
  return false;
};

const row = (entry) => {
  const { prompt, how } = read(entry.link);
  const button = create(
    "button",
    {},
    create("b", {}, prompt.trimEnd().split("\n").at(-1).slice(-EXCERPT) || "(no prompt)"),
    create("span", {}, entry.text.slice(0, EXCERPT).replace(/\s+/g, " ").trim()),
    create("small", {}, `${how} · ${new Date(entry.time).toLocaleString([], FORMAT)}`),
  );
  button.addEventListener("click", () => {
    if (!writing) onOpen(entry.link);
  });
  return create("li", {}, button);
};
const updateDisabled = () => {
  for (const button of container?.querySelectorAll("li button") ?? []) button.setAttribute("aria-disabled", writing);
};
const show = () => {
  if (!container) return;
  const focused = container.contains(document.activeElement);
  const all = create("button", { class: "clear" }, "Clear all");
  all.addEventListener("click", () => {
    entries = [];
    try {
      localStorage.removeItem(KEY);
    } catch {
      // No storage to clear.
    }
    show();
  });
  const list = create("ul", {}, ...entries.map(row));
  const note = (sentence) => create("p", { class: "status", tabindex: -1 }, sentence);
  container.replaceChildren(...(entries.length ? [list, all, ...(isKept ? [] : [note(NOT_KEPT)])] : [note(NOTE)]));
  updateDisabled();
  if (focused) container.querySelector("li button, p").focus({ preventScroll: true });
};
// Whether a text is in the history, by its share link.
export const isListed = (link) => entries.some((entry) => sameText(entry.link, link));
// Keep a finished text, by the JSON of its share link.
export const remember = (link, text) => {
  if (entries[0]?.link === link) return;
  const entry = { link, text: text.slice(0, EXCERPT), time: Date.now() };
  entries = [entry, ...entries.filter((each) => !sameText(each.link, link))].slice(0, MAX_ENTRIES);
  isKept = save();
  show();
};

load();
addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  load(); // another page of this browser has changed the history
  show();
});

// List the texts in an element. `open` is called with the JSON of a share link when a person chooses its entry.
export const listTexts = (element, open) => {
  [container, onOpen] = [element, open];
  show();
};

// While a text is written, the entries wait.
export const wait = (whether) => {
  writing = whether;
  updateDisabled();
};
