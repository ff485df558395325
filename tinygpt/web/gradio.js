// The interface of backend.js in the page that gradio serves: wishes are its events, answers the values of its gr.HTML.
import { Latest } from "./backend.js";

// One gr.HTML: its script's `trigger`, `props` and `watch`. A value without a number answers no wish: it replaces all.
class Component {
  #latest = new Latest();

  constructor({ trigger, props, watch }, onValue = () => {}) {
    this.trigger = trigger;
    const take = () => {
      const { wish, ...value } = JSON.parse(JSON.stringify(props.value ?? {})); // gradio goes on changing its own
      if (wish !== undefined) return this.#latest.answer(wish, value);
      this.end();
      onValue(value);
    };
    watch("value", take);
    if (props.value) take();
  }

  ask(event, wish, onAnswer) {
    this.trigger(event, { ...wish, wish: this.#latest.begin(onAnswer) });
  }

  end() {
    this.#latest.end();
  }
}

const components = {};

// Note a component as soon as gradio has built it. `onValue` is called for values that answer no wish.
export const connect = (name, component, onValue) => (components[name] = new Component(component, onValue));

export const backend = {
  write: ({ opened, ...wish }, onText) => components.text.ask(opened ? "apply" : "submit", wish, onText),
  stop: () => components.text.trigger("stop"),
  discard: () => components.text.ask("stop", {}, () => {}),
  candidates: (wish, onCandidates) => components.candidates.ask("select", wish, onCandidates),
  compare: (wish, onColumns) => components.temperatures.ask("submit", wish, onColumns),
  snapshots: (wish, onColumns) => components.snapshots.ask("submit", wish, onColumns),
  activations: (wish, onActivations) => components.activations.ask("select", wish, onActivations),
};
