// What the browser does by itself: copying, downloading, scrolling, and where the pointer is.

import { create } from "./dom.js";

// Show a word on a button for a moment.
const flash = (button, word) => {
  button.dataset.label ??= button.textContent;
  button.textContent = word;
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
};

const COPY_KEYS = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘C" : "Ctrl+C";
let byHand = null; // the field in view from which a person can copy by hand

// Put a text on the clipboard, and say so on a button. Where the page may not, as in frames of other sites and over
// plain http, the text is shown below the button, selected.
export const copy = async (text, button) => {
  byHand?.remove();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    button.parentElement.after(fieldOf(text, button));
    byHand.querySelector("textarea").select();
    if (!document.execCommand("copy")) return;
    byHand.remove();
    button.focus();
  }
  flash(button, "Copied");
};

const fieldOf = (text, button) => {
  const area = create("textarea", { id: "by-hand", readonly: true, rows: 1 });
  area.value = text;
  const done = create("button", {}, "Done");
  const words = `Your browser does not let this page copy. Press ${COPY_KEYS} to copy what is selected here:`;
  byHand = create("div", { class: "by-hand" }, create("label", { for: "by-hand" }, words), area, done);
  const close = () => {
    byHand.remove();
    button.focus();
  };
  done.addEventListener("click", close);
  byHand.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  return byHand;
};

let place = ""; // where the pointer was last
const placeOf = ({ screenX, screenY }) => `${screenX} ${screenY}`;
addEventListener("pointermove", (event) => (place = placeOf(event)));

// Whether a pointer that hovers moved: browsers send the same events when what is under a resting one scrolls away, and
// a person at the keyboard did not point at what comes there.
export const isPointing = (event) => event.pointerType !== "touch" && placeOf(event) !== place;

// Whether a click on a link is to open it in this page, not in a tab or a window of its own.
export const isPlain = ({ button, ctrlKey, metaKey, shiftKey, altKey }) => !(button || ctrlKey || metaKey || shiftKey || altKey);

// Whether links are passed on by the system's sheet, as people are used to on phones.
export const canShare = "share" in navigator && matchMedia("(pointer: coarse)").matches;

// Pass a link on by the system's sheet, or else by the clipboard.
export const share = async (data, button) => {
  if (!canShare) return copy(data.url, button);
  try {
    await navigator.share(data);
  } catch (error) {
    if (error.name !== "AbortError") await copy(data.url, button); // else the person has closed the sheet
  }
};

// Save a file as a download.
export const download = (file) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};

// Save a picture: on a phone by the system's sheet, by which it can also be sent, and else as a download.
export const saveOrShare = async (file) => {
  if (!canShare || !navigator.canShare?.({ files: [file] })) return download(file);
  try {
    await navigator.share({ files: [file] });
  } catch (error) {
    if (error.name !== "AbortError") download(file); // else the person has closed the sheet
  }
};

// A canvas as a PNG. Throws if it is too large for the browser.
export const pngOf = async (canvas) => {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new RangeError(`no picture of ${canvas.width} × ${canvas.height} pixels can be made`);
  return blob;
};

// Scroll an element into view: smoothly, unless the visitor asked their system for less motion.
export const scrollTo = (element, options = {}) => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ behavior: still ? "instant" : "smooth", ...options });
};

// Scroll to an element that does not begin in the upper half of the screen: on a phone the output is below the controls.
export const reveal = (element) => {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) scrollTo(element);
};
