// What a person has typed into the prompt: it is there again when the page is loaded again, by whomever.

const KEY = "tinygpt.draft"; // in the storage of the browser's tab

const field = () => document.querySelector(".prompt textarea"); // null until gradio has built it

// What was stored when the page was left, if it is loaded again; null if nothing was typed.
const stored = () => {
  try {
    return performance.getEntriesByType("navigation")[0]?.type === "reload" ? sessionStorage.getItem(KEY) : null;
  } catch {
    return null; // no storage
  }
};
const store = (text) => {
  try {
    text === null ? sessionStorage.removeItem(KEY) : sessionStorage.setItem(KEY, text);
  } catch {
    // No storage, or too little of it: it is lost.
  }
};

let draft = stored(); // what is to be put back
let isTyped = draft !== null;

addEventListener("input", ({ target, isTrusted }) => isTrusted && target === field() && noteTyping(), true);
addEventListener("click", ({ target, isTrusted }) => isTrusted && target.closest?.(".controls") && (draft = null), true);
addEventListener("pagehide", () => store(draft ?? (isTyped ? (field()?.value ?? null) : null)));

const noteTyping = () => {
  draft = null;
  isTyped = true;
};

// The prompt was cleared.
export const forgetDraft = () => {
  draft = null;
  isTyped = false;
};

// Put back what was typed, as soon as there is a prompt, unless a person uses the form already.
export const restoreDraft = () => {
  if (draft === null) return;
  if (!field()) return requestAnimationFrame(restoreDraft);
  field().value = draft;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  draft = null;
};
