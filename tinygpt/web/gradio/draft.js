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
let first = null; // what the page was built with

addEventListener("input", ({ target, isTrusted }) => isTrusted && target === field() && (draft = null), true);
addEventListener("pagehide", () => {
  if (first !== null) store(draft ?? (field().value === first ? null : field().value));
});

// Call a function as soon as there is a prompt.
const whenBuilt = (act) => (field() ? act() : requestAnimationFrame(() => whenBuilt(act)));
whenBuilt(() => (first = field().value));

// Put back what was typed, unless a person types already.
export const restoreDraft = () =>
  whenBuilt(() => {
    if (draft === null) return;
    field().value = draft;
    field().dispatchEvent(new Event("input", { bubbles: true }));
    draft = null;
  });
