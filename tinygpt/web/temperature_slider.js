// A slider for the temperature that shows what it does to the probabilities of one character. It changes nothing else.

import { drawStation } from "./diagram.js";
import { create } from "./dom.js";
import { probabilities } from "./model/sampling.js";

const RANGE = { type: "range", min: 0, max: 2, step: 0.05 };

// What the probabilities of Activations (see backend.js) were computed with: a beam search goes by the model's own.
const settingsOf = ({ shown }) => {
  const { strategy, temperature, top_k, top_p } = JSON.parse(shown.link);
  if (strategy === "beam") return { temperature: 1 };
  return { temperature: strategy === "greedy" ? 0 : temperature, top_k, top_p };
};

// Activations as they would be at another temperature. Of a large vocabulary, they know the likeliest characters only.
const atTemperature = ({ model, reading, ...activations }, settings) => {
  const { vocabulary } = reading;
  const known = vocabulary.length;
  const [, ...limits] = "top_k" in settings ? reading.settings.split(", ") : [];
  const part = known < model.vocab_size ? [`of the likeliest ${known} characters`] : [];
  const probabilities_V = probabilities(Float64Array.from(vocabulary, ([, logit]) => logit), settings);
  return {
    ...activations,
    model: { ...model, vocab_size: known },
    reading: {
      ...reading,
      vocabulary: vocabulary.map(([character, logit], n) => [character, logit, probabilities_V[n]]),
      settings: [`at temperature ${settings.temperature}`, ...limits, ...part].join(", "),
    },
  };
};

export class TemperatureSlider {
  #activations = null;
  #moved = null; // the temperature to which a person moved it; null while it is that of the text
  #range = create("input", RANGE);
  #number = create("output");
  #reset = create("button", {});
  #drawing = create("div");
  element = create(
    "div",
    { class: "temperature" },
    create("div", {}, create("label", {}, "Temperature", this.#range), this.#number, this.#reset),
    this.#drawing,
  );

  constructor() {
    this.#range.addEventListener("input", () => this.#move(this.#range.valueAsNumber));
    this.#reset.addEventListener("click", () => this.#move(null));
  }

  // Show Activations (see backend.js): of another text, at its own temperature.
  show(activations) {
    if (this.#activations?.shown.link !== activations.shown.link) this.#moved = null;
    this.#activations = activations;
    this.#draw();
  }

  #move(temperature) {
    this.#moved = temperature;
    this.#draw();
  }

  #draw() {
    const settings = settingsOf(this.#activations);
    const temperature = this.#moved ?? settings.temperature;
    this.#range.value = temperature;
    this.#number.textContent = temperature.toFixed(2);
    this.#reset.textContent = `as in the text: ${settings.temperature}`;
    const isOwn = this.#moved === null;
    const drawn = isOwn ? this.#activations : atTemperature(this.#activations, { ...settings, temperature });
    this.#drawing.replaceChildren(drawStation("probabilities", drawn));
  }
}
