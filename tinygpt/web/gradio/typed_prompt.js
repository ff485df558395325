// What a person has typed into the prompt: it is there again when the page is loaded again, by whomever.

const KEY = "tinygpt.prompt"; // in the storage of the browser's tab

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

let kept = stored(); // what is to be put back
let isTyped = kept !== null;

addEventListener("input", ({ target, isTrusted }) => isTrusted && target === field() && noteTyping(), true);
addEventListener("click", ({ target, isTrusted }) => isTrusted && target.closest?.(".controls") && (kept = null), true);
addEventListener("pagehide", () => store(kept ?? (isTyped ? (field()?.value ?? null) : null)));

const noteTyping = () => {
  kept = null;
  isTyped = true;
};

// The prompt was cleared.
export const forgetPrompt = () => {
  kept = null;
  isTyped = false;
};

// Put back what was typed, as soon as there is a prompt, unless a person uses the form already.
export const restorePrompt = () => {
  if (kept === null) return;
  if (!field()) return requestAnimationFrame(restorePrompt);
  field().value = kept;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  kept = null;
};
