// What the tab Compare compares: temperatures, or two settings. Its controls are those of compared.html.

export class Compared {
  #element;
  #chosen = ""; // the weights that are chosen for the whole page

  // `onEnter` is called when a person presses Enter in a field, `onSwitch` when they compare something else.
  constructor(element, { onEnter, onSwitch }) {
    this.#element = element;
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input:not([type])")) return;
      event.preventDefault();
      onEnter();
    });
    element.addEventListener("change", ({ target }) => {
      if (target.type === "radio") this.#draw();
      else if (target.name === "strategy") drawStrategy(target);
      if (target.type === "radio") onSwitch();
    });
    this.#draw();
  }

  // What a call `compare` (see backend.js) says beside the prompt.
  get value() {
    const seed = this.#field("seed").value;
    if (this.#what === "temperatures") return { seed, temperatures: this.#field("temperatures").value };
    return { seed, ...Object.fromEntries(this.#sides.map((side) => [side.name, settingsOf(side)])) };
  }

  // Show such a value, from the fields of an address. Without a seed or temperatures they are as at first. A setting of
  // a side that is not named is left empty, for its default, and weights are those of the page.
  show(fields) {
    for (const name of ["seed", "temperatures"]) {
      const field = this.#field(name);
      field.value = fields.get(name) ?? field.defaultValue;
    }
    const named = [...fields.keys()].map((name) => name.split(".")[0]);
    const hasSides = this.#sides.some(({ name }) => named.includes(name));
    this.#element.querySelector(`[value="${hasSides ? "settings" : "temperatures"}"]`).checked = true;
    for (const side of hasSides ? this.#sides : [])
      for (const control of controlsOf(side)) {
        control.value = fields.get(`${side.name}.${control.name}`) ?? "";
        if (control.name === "weights" && !control.value) control.value = this.#chosen;
      }
    this.#draw();
  }

  // Let each side have weights of its own where there are several: [label, name, sha256], and the name of those that are
  // chosen for the whole page. A side follows that choice until it has another.
  showWeights(choices, chosen) {
    const sha256 = choices.find(([, name]) => name === chosen)?.[2] ?? "";
    for (const side of this.#sides) {
      const list = side.elements.namedItem("weights");
      const kept = choices.some((choice) => choice[2] === list.value) && list.value !== this.#chosen;
      const value = kept ? list.value : sha256;
      list.replaceChildren(...choices.map(([label, , sha256]) => new Option(label, sha256)));
      list.value = value;
      list.disabled = list.parentElement.hidden = choices.length < 2;
    }
    this.#chosen = sha256;
  }

  get #what() {
    return this.#element.querySelector('[name="compared"]:checked').value;
  }

  #field(name) {
    return this.#element.querySelector(`[name="${name}"]`);
  }

  get #sides() {
    return [...this.#element.querySelectorAll(".settings fieldset")];
  }

  #draw() {
    this.#field("temperatures").hidden = this.#what !== "temperatures";
    this.#element.querySelector(".settings").hidden = this.#what !== "settings";
    for (const side of this.#sides) drawStrategy(side.elements.namedItem("strategy"));
  }
}

const controlsOf = (side) => [...side.elements].filter(({ name }) => name);

// The fields of a Request: those that are left empty have their defaults.
const settingsOf = (side) => {
  const filled = controlsOf(side).filter(({ disabled, value }) => !disabled && value.trim());
  return Object.fromEntries(filled.map((control) => [control.name, valueOf(control)]));
};

// What is typed as a number, if it is one.
const valueOf = ({ type, value }) => (type === "text" && Number.isFinite(Number(value)) ? Number(value) : value);

// Only sampling has the other settings.
const drawStrategy = (list) => {
  for (const control of controlsOf(list.closest("fieldset")))
    if (control.type === "text") control.disabled = Boolean(list.value);
};
