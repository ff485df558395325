// The tab Compare: one prompt with one seed, at several temperatures or with two settings.

import { follow, here } from "../address.js";
import { Compared } from "../compared.js";
import { Comparison } from "./comparison.js";

const OTHER_WEIGHTS = [
  "note",
  "These texts were shared from weights that this page does not have; its own wrote them instead.",
];

export class Compare {
  #texts;
  #page; // what each page does its own way: { fill, onEnter, onSwitch }
  #compared = null; // until the page is built
  #seen = null; // the weights and the prompt with which the tab was seen last
  #said = null; // what the address said when the form was filled in from it, or it from the form
  #weights = null; // those to choose from, and the name of those that are chosen
  #asked = null; // the sha256 of the weights that the address asks for
  #missing = []; // the sha256 of each that it names and that are not there, or not yet
  #notes = []; // Lines on what it says

  // `ask` is `compare` of backend.js. `fill` puts a prompt into the page's form; `onEnter` calls `request`, `onSwitch`
  // calls `see`.
  constructor(ask, page) {
    const noted = (columns) => ({ ...columns, status: [...columns.status, ...this.#notes] });
    this.#texts = new Comparison((call, onColumns) => ask(call, (columns) => onColumns(noted(columns))), { compare: true });
    this.#page = page;
  }

  // Its element is filled by ../compared.html. `weights` are the arguments of `showWeights`, unless that was called.
  build(element, weights) {
    this.#weights ??= weights;
    this.#compared = new Compared(element, this.#page);
    this.#compared.showWeights(...this.#weights);
    this.#texts.build(element.querySelector(".columns"));
    this.look();
  }

  // The weights to choose from, [label, name, digits of their sha256], and the name of those that are chosen.
  showWeights(choices, chosen) {
    const before = this.#weights?.[1];
    this.#weights = [choices, chosen];
    this.#compared?.showWeights(choices, chosen);
    if (this.#missing.some((sha256) => this.#isThere(sha256))) {
      this.#said = null; // it can say now what it means
      this.look();
    } else if (chosen !== before) [this.#asked, this.#missing, this.#notes] = [null, [], []];
  }

  // A person asks for the texts.
  request(weights, prompt) {
    [this.#seen, this.#asked, this.#missing, this.#notes] = [[weights, prompt], null, [], []];
    const call = this.#call(prompt);
    this.#follow(call, { push: here().compare !== null });
    this.#texts.request([weights, this.#chosen], call);
  }

  // A person sees the tab: write, unless the address says something else.
  see(weights, prompt) {
    const { compare } = here();
    if (this.#compared && compare !== null && compare !== this.#said) prompt = this.#show(compare) ?? prompt;
    this.#seen = [weights, prompt];
    if (!this.#compared) return;
    const call = this.#call(prompt);
    // An address that names weights which are missing stays: they may come, or be there on another page.
    if (this.#texts.see([weights, this.#chosen], call) && !this.#missing.length) this.#follow(call);
  }

  // The address may have changed.
  look() {
    if (this.#seen) this.see(...this.#seen);
  }

  #call(prompt) {
    const value = this.#compared.value;
    return { prompt, ...value, ...("temperatures" in value && this.#asked && { weights: this.#asked }) };
  }

  // Show what the address says, and return its prompt, if it says one.
  #show(said) {
    this.#said = said;
    const fields = new URLSearchParams(said);
    const named = [...fields].filter(([name]) => /(^|\.)weights$/.test(name)).map(([, sha256]) => sha256);
    this.#missing = named.filter((sha256) => !this.#isThere(sha256));
    this.#notes = this.#missing.length ? [OTHER_WEIGHTS] : [];
    this.#asked = [fields.get("weights")].find((sha256) => this.#isThere(sha256)) ?? null;
    const prompt = fields.get("prompt");
    this.#compared.show(fields);
    if (prompt !== null) this.#page.fill(prompt);
    return prompt;
  }

  // The address says what is compared, and by which weights where there are others.
  #follow(call, how) {
    const weights = "temperatures" in call && this.#choices.length > 1 ? { weights: this.#chosen } : {};
    this.#said = String(new URLSearchParams(flat({ ...weights, ...call })));
    follow({ compare: this.#said }, how);
  }

  #isThere(sha256) {
    return this.#choices.some(([, , each]) => each === sha256);
  }

  get #choices() {
    return this.#weights[0];
  }

  // Digits of the sha256 of the chosen weights: those that were trained further keep their name.
  get #chosen() {
    return this.#choices.find(([, name]) => name === this.#weights[1])?.[2];
  }
}

// The fields of a call; those of { left: { top_k } } are named left.top_k, and { left: {} } is an empty field.
const flat = (call) =>
  Object.entries(call).flatMap(([name, value]) => {
    if (typeof value !== "object") return [[name, value]];
    const fields = flat(value).map(([field, each]) => [`${name}.${field}`, each]);
    return fields.length ? fields : [[name, ""]];
  });
