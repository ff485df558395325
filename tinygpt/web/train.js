// Training on the page: the presets to choose from, and how far a training is.

import { copy, reveal } from "./browser.js";
import { drawChart, inLetters } from "./chart.js";
import { create, drawLines, drawPieces } from "./dom.js";
import { StepsForm } from "./steps_form.js";
import { playPieces } from "./pieces.js";

const AXIS = { x: "training step", y: "letters it chooses among", logY: true };

// Presets as cards: { name, title, about, time, loss, uncertainty, steps }, of which one is chosen. `onChange` is called
// when a person chooses another one.
export class PresetCards {
  constructor(element, { cards, chosen }, onChange) {
    this.card = cards.find(({ name }) => name === chosen);
    const draw = (card) => {
      const title = `Trained on Shakespeare, it is ${card.uncertainty} (a loss of ${card.loss.toFixed(2)} nats per character).`;
      const attributes = { type: "radio", name: "preset", value: card.name, checked: card.name === chosen, title };
      const input = create("input", attributes);
      input.addEventListener("change", () => {
        this.card = card;
        onChange();
      });
      return create(
        "label",
        { title },
        input,
        create("b", {}, card.title),
        create("span", {}, card.about),
        create("small", {}, card.time),
      );
    };
    element.replaceChildren(
      create(
        "fieldset",
        {},
        create("legend", {}, "Model, with training time for Shakespeare on a laptop"),
        ...cards.map(draw),
      ),
    );
  }

  get chosen() {
    return this.card.name;
  }

  get steps() {
    return this.card.steps;
  }
}

// How far a training is. Before there is one, the panel shows a `plan`: the { steps } of a training, and { notes }.
export class TrainingPanel {
  #headline = create("p", { class: "headline", role: "status", tabindex: -1 });
  #problem = create("p", { class: "note", role: "alert" });
  #details = create("p", { class: "status" });
  #bar = create("progress", { "aria-label": "Steps done" });
  #stop = create("button", { type: "button" }, "Stop");
  #write = create("button", { type: "button", class: "primary" }, "Write with these weights");
  #writeBest = create("button", { type: "button" });
  #goOn; // the form to train further
  #training = null; // the last one that was shown
  #lowest = create("div");
  #caption = create("p", { class: "caption" });
  #text = create("div", { class: "output-text", tabindex: 0, role: "group", "aria-label": "Sample" });
  #chart = create("div");

  constructor(element, { steps, notes }, { onStop, onWrite, onGoOn }) {
    this.#goOn = new StepsForm((more) => onGoOn(this.#training.weights, more));
    this.head = create(
      "div",
      { class: "head" },
      create("div", { class: "row" }, this.#headline, this.#stop, this.#write),
      this.#bar,
      this.#problem,
      this.#details,
    );
    this.body = create(
      "div",
      {},
      create("h2", {}, "What happens"),
      create("ol", {}, ...steps.map((step) => create("li", {}, step))),
      ...notes.map((note) => create("p", { class: "status" }, note)),
    );
    const sample = create("section", { class: "sample" }, this.#caption, this.#text);
    const next = create("div", { class: "row" }, this.#writeBest, this.#goOn.element);
    this.running = create("div", {}, sample, this.#chart, create("div", { class: "end" }, this.#lowest, next));
    this.#stop.addEventListener("click", onStop);
    this.#write.addEventListener("click", () => onWrite(this.#training.weights));
    this.#writeBest.addEventListener("click", () => onWrite(this.#training.best[0]));
    this.#show({ status: [] });
    element.replaceChildren(this.head, this.body);
  }

  // Show a Training (see backend.js), or only { status }: what was wrong, or what it waits for. What was shown of a
  // training before that stays.
  show(training) {
    this.#show(training);
    if (!training.job || training.step === null) return;
    this.#drawSample(training.sample);
    const { curves, marks, lowest, step, steps } = training;
    if (curves.length) {
      const details = [`After ${step.toLocaleString("en-US")} of ${steps.toLocaleString("en-US")} steps`];
      const drawn = { curves: inLetters(curves), marks: marks.map((mark) => ({ ...mark, y: Math.exp(mark.y) })) };
      drawChart(this.#chart, { caption: "How unsure it is", axis: AXIS, details, ...drawn });
    }
    drawLines(this.#lowest, lowest ? [["status", lowest]] : []);
    if (!this.running.isConnected) this.body.replaceWith(this.running);
  }

  #show(training) {
    const { job, step, steps, ended, weights, best, more, status } = training;
    this.#training = training;
    const sentences = (kind) => status.filter((line) => line[0] === kind).map((line) => line[1]);
    const [headline = "", ...details] = sentences("status");
    const focused = document.activeElement;
    setText(this.#headline, headline);
    setText(this.#details, details.join(" "));
    setText(this.#problem, sentences("note").join(" "));
    const waiting = Boolean(headline) && !ended;
    this.head.classList.toggle("under-way", waiting);
    this.#bar.hidden = !waiting;
    this.#bar.max = steps ?? 1;
    if (step === null || step === undefined)
      this.#bar.removeAttribute("value"); // shows only that something happens
    else this.#bar.value = step;
    this.#stop.hidden = !(job && waiting);
    this.#write.hidden = this.#goOn.element.hidden = !weights;
    this.#writeBest.hidden = !best;
    setText(this.#writeBest, best ? `Write with the weights of step ${best[1].toLocaleString("en-US")}` : "");
    this.#goOn.offer(more);
    if (focused && !focused.checkVisibility()) (weights ? this.#write : this.#headline).focus({ preventScroll: true });
  }

  #drawSample(sample) {
    const [step, text] = sample ?? [0, ""];
    const caption = sample ? `What it writes after step ${step.toLocaleString("en-US")}` : "What it writes";
    setText(this.#caption, caption);
    this.#text.classList.toggle("blank", !sample);
    drawPieces(
      this.#text,
      sample ? playPieces(text) : [{ kind: "", text: "The first sample comes after a tenth of the steps." }],
    );
  }

  // Bring the progress into view, wherever the person has scrolled to.
  reveal() {
    reveal(this.head);
  }
}

// Commands with a sentence above each: [[sentence, command], ...].
export const drawCommands = (element, commands) =>
  element.replaceChildren(
    ...commands.flatMap(([sentence, command]) => [create("p", {}, sentence), commandLine(command)]),
  );

const commandLine = (command) => {
  const button = create("button", { type: "button" }, "Copy");
  button.addEventListener("click", () => copy(command, button));
  return create("div", { class: "command" }, create("code", {}, command), button);
};

// Leaves an element alone that has this text already: a live region would read it aloud again.
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
