// The number fields of sliders. gradio would take an emptied one for nothing, and for its lowest number as soon as it is
// left, without a word. Here gradio hears only of numbers within bounds. Who leaves a field with something else finds a
// number in it again, and a line that says why.

import { create } from "./dom.js";

const FIELDS = 'input[type="number"][min][max]';
const shown = (number) => number.toLocaleString("en-US", { maximumFractionDigits: 20 });

// What is wrong with a field's text, as { value, note }: the number to take instead, and a sentence. null if nothing is.
// `before` is the number that the field held; a browser gives "" for a text that is no number, and then sets `isOther`.
export const problem = (text, { name, min, max, whole, before, isOther = false }) => {
  if (text === "")
    return isOther
      ? { value: before, note: `That was not a number, so ${name} is ${shown(before)} again.` }
      : { value: before, note: `${name} was left empty, so it is ${shown(before)} again.` };
  const number = Number(text);
  if (number > max) return { value: max, note: `${name} can be at most ${shown(max)}.` };
  if (number < min) return { value: min, note: `${name} must be at least ${shown(min)}.` };
  if (whole && !Number.isInteger(number)) return { value: Math.round(number), note: `${name} must be a whole number.` };
  return null;
};

export const watchNumberFields = (root) => {
  const before = new WeakMap(); // by field, the number that it held when a person came to it
  const notes = new WeakMap();

  const problemOf = (field) =>
    problem(field.value, {
      name: field.getAttribute("aria-label").replace("number input for ", ""), // gradio's words
      min: Number(field.min),
      max: Number(field.max),
      whole: Number.isInteger(Number(field.step)),
      before: before.get(field) ?? Number(field.min),
      isOther: field.validity.badInput,
    });
  const listen = (event, react) =>
    root.addEventListener(event, (e) => e.target.matches?.(FIELDS) && react(e.target, e), { capture: true });

  const settle = (field) => {
    const found = problemOf(field);
    if (!found) return;
    field.value = found.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const note = create("p", { class: "note", role: "alert" }, found.note);
    notes.set(field, note);
    field.closest(".block").append(note);
    note.scrollIntoView({ block: "nearest" });
  };

  listen("focus", (field) => {
    before.set(field, Number(field.value));
    notes.get(field)?.remove();
  });
  listen("input", (field, event) => {
    if (problemOf(field)) event.stopImmediatePropagation();
    else notes.get(field)?.remove();
  });
  listen("change", settle);
  listen("blur", settle);
  // A touch on a button does not take the focus from a field everywhere.
  const leave = ({ target }) => {
    const field = document.activeElement;
    if (field?.matches(FIELDS) && target !== field) field.blur();
  };
  root.addEventListener("pointerdown", leave, { capture: true });
};
