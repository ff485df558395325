// The interface of ../backend.js in the page that gradio serves: calls are its events, answers the values of its
// gr.HTML.

import { Latest } from "../backend.js";
import { Waiting } from "./connection.js";

const LOST = "Connection lost. The text and the prompt stay here; the page reloads when the server is back.";
const FAILED = "This could not be answered. Try again in a few seconds; if it fails again, reload the page.";

// A value that grows is gradio's own, which it goes on changing; any other is packed into a string.
const read = (value) => JSON.parse(typeof value === "string" ? value || "{}" : JSON.stringify(value ?? {}));

// One gr.HTML: its script's `trigger`, `props` and `watch`. A value without a number answers no call: it replaces all.
class Component {
  #latest = new Latest();
  #waiting = null; // for answers to the latest call

  constructor({ trigger, props, watch }, onValue = () => {}) {
    this.trigger = trigger;
    const take = () => {
      const { call, ...value } = read(props.value);
      if (call !== undefined) return this.#latest.answer(call, value);
      this.end();
      onValue(value);
    };
    watch("value", take);
    if (props.value) take();
  }

  // Answers with `writing` have others after them.
  ask(event, call, onAnswer) {
    this.end();
    const waiting = (this.#waiting = new Waiting({
      onLost: () => onAnswer({ lost: true, status: [["note", LOST]] }),
      onFailed: () => onAnswer({ lost: true, failed: true, status: [["note", FAILED]] }),
    }));
    const take = (answer) => {
      answer.writing ? waiting.goOn() : waiting.end();
      onAnswer(answer);
    };
    this.trigger(event, { ...call, call: this.#latest.begin(take) });
  }

  // What is asked for has no answer, and no other one is awaited any more.
  tell(event) {
    this.end();
    this.trigger(event, { call: this.#latest.begin(null) });
  }

  end() {
    this.#waiting?.end();
    this.#latest.end();
  }

  fail() {
    this.#waiting?.fail();
  }
}

const components = {};

// Note a component as soon as gradio has built it. `onValue` is called for values that answer no call.
export const connect = (name, component, onValue) => (components[name] = new Component(component, onValue));

// gradio tells that an event of a component has failed.
export const failed = (name) => components[name].fail();

export const backend = {
  write: ({ opened, ...call }, onText) => components.text.ask(opened ? "apply" : "submit", call, onText),
  stop: () => components.text.trigger("stop"),
  discard: () => components.text.tell("stop"),
  candidates: (call, onCandidates) => components.candidates.ask("select", call, onCandidates),
  compare: (call, onColumns) => components.compare.ask("submit", call, onColumns),
  snapshots: (call, onColumns) => components.snapshots.ask("submit", call, onColumns),
  activations: (call, onActivations) => components.activations.ask("select", call, onActivations),
  train: (call, onTraining) => components.training.ask(call.job ? "apply" : "submit", call, onTraining),
  chooseWeights: (call, onWeights) => components.ownWeights.ask("select", call, onWeights),
  renameWeights: (call, onWeights) => components.ownWeights.ask("edit", call, onWeights),
  deleteWeights: (call, onWeights) => components.ownWeights.ask("delete", call, onWeights),
  stopTraining: (call) => components.training.trigger("stop", call),
};
