// The controls of the tab Write. Their names are the fields of a Request (see ../backend.js).

const SAMPLING = ["temperature", "top_k", "top_p"];
const numberOf = (slider) => slider.querySelector('input[type="number"]');
const rangeOf = (slider) => slider.querySelector('input[type="range"]');

// A slider shows one number in a field and on a range. The field has the name: it can hold what is between the range's
// steps.
const showOnRange = (slider) => {
  const range = rangeOf(slider);
  range.value = numberOf(slider).value;
  const { value, min, max } = range;
  range.style.setProperty("--filled", (value - min) / (max - min || 1));
};

const watchSlider = (slider) => {
  const number = numberOf(slider);
  const set = (value) => {
    number.value = value;
    number.dispatchEvent(new Event("input", { bubbles: true }));
  };
  number.addEventListener("input", () => showOnRange(slider));
  rangeOf(slider).addEventListener("input", ({ target }) => set(target.value));
  slider.querySelector(".reset-button").addEventListener("click", () => set(number.defaultValue));
  showOnRange(slider);
};

export class Form {
  #form;
  #onPrompt;

  // `onPrompt` is called with the prompt when it changes, `onSampling` when temperature, top-k or top-p do.
  constructor(form, { onPrompt, onSampling }) {
    this.#form = form;
    this.#onPrompt = onPrompt;
    for (const slider of this.#sliders) watchSlider(slider);
    form.addEventListener("input", ({ target: { name, value } }) => {
      if (name === "prompt") onPrompt(value);
      if (SAMPLING.includes(name)) onSampling();
    });
    form.addEventListener("change", () => this.#showBeams());
    this.#showBeams(); // browsers keep what was chosen when a page is loaded again
    form.addEventListener("click", ({ target }) => "prompt" in target.dataset && this.setPrompt(target.dataset.prompt));
    this.#control("prompt").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.shiftKey) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  // A Request, as the controls show it.
  get request() {
    const named = [...this.#form.elements].filter(({ name, type, checked }) => name && (type !== "radio" || checked));
    const valueOf = (control) => (control.type === "number" ? control.valueAsNumber : control.value);
    return Object.fromEntries(named.map((control) => [control.name, valueOf(control)]));
  }

  // Show the fields of a share link, but its seed: Write then writes another text.
  fill({ forced, weights_sha256, ...fields }) {
    for (const [name, value] of Object.entries({ ...fields, seed: "" })) {
      const control = this.#control(name);
      control.value = value ?? (control.type === "number" ? control.max : ""); // the right end is no limit
    }
    for (const slider of this.#sliders) showOnRange(slider);
    this.#showBeams();
    this.#onPrompt(fields.prompt);
  }

  setPrompt(prompt) {
    this.showPrompt(prompt);
    this.#onPrompt(prompt);
  }

  // The prompt has changed on another tab.
  showPrompt(prompt) {
    this.#control("prompt").value = prompt;
  }

  #showBeams() {
    this.#form.querySelector("#beams").hidden = this.#control("strategy").value !== "beam";
  }

  get #sliders() {
    return this.#form.querySelectorAll(".slider");
  }

  #control(name) {
    return this.#form.elements.namedItem(name);
  }
}
