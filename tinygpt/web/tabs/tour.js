// The three things to try with the text on the tab Write.

import { Tour } from "../tour.js";
import { byId, openTab, reveal } from "./tabs.js";

const [COLD, HOT] = [0, 1.2]; // temperatures
const UNSURE = "3"; // tenths of probability: a letter that had others beside it

let tour = null; // until the page is built
const written = []; // the temperatures of the texts that were written

// Let a visitor try them, in an element, with the text of a Writer.
export const connectTour = (element, writer) => {
  const things = [
    {
      name: "letter",
      words: "Click a letter of the text: what else could have come next?",
      buttons: [{ text: "Show me", act: (event) => openCandidates(writer, event) }],
    },
    {
      name: "temperature",
      words: `Write with temperature ${COLD}, then with ${HOT}: what changes?`,
      buttons: [COLD, HOT].map((value) => ({
        text: value,
        label: `Write with temperature ${value}`,
        act: () => writeAt(value),
      })),
    },
    {
      name: "inside",
      words: "See which letters the model looks back at.",
      buttons: [{ text: "Look inside", act: () => openTab("Look inside") }],
    },
  ];
  tour = new Tour(element, things, () => document.querySelector(".prompt textarea").focus({ preventScroll: true }));
  const opened = ({ target, newState }) => newState === "open" && target.matches(".candidates");
  addEventListener("toggle", (event) => opened(event) && tour.tick("letter"), { capture: true });
  const isInside = (tab) => tab?.textContent.trim() === "Look inside";
  addEventListener("click", ({ target }) => isInside(target.closest?.('[role="tab"]')) && tour.tick("inside"));
  seeText(writer.text);
};

// The text in view has begun, ended or gone.
export const seeText = (text) => {
  const isFinished = Boolean(text?.link && text.text);
  tour?.enable("letter", isFinished);
  if (!isFinished || text.sample) return;
  const { strategy, temperature } = JSON.parse(text.link);
  if (strategy === "sample") written.push(temperature);
  if (Math.min(...written) < 0.2 && Math.max(...written) > 1) tour?.tick("temperature");
};

const openCandidates = (writer, event) => {
  event.preventDefault(); // it is not a click beside the candidates
  reveal();
  const position = Math.max(0, [...writer.text.confidence].findIndex((digit) => digit < UNSURE));
  writer.inspect({ ...writer.shown, position }, true);
};

const writeAt = async (temperature) => {
  const field = document.querySelector('.controls input[type="number"][aria-label$="Temperature"]');
  field.value = temperature;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector('.controls input[value="sample"]')?.click(); // the only strategy with a temperature
  await new Promise(requestAnimationFrame); // gradio takes it over
  byId("write").click();
};
