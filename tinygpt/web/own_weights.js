// The list of what was trained on the page.

import { create } from "./dom.js";
import { StepsForm } from "./steps_form.js";

export class OwnWeights {
  #lines = create("div", { role: "status", tabindex: -1 });
  #rule = create("p", { class: "status" });
  #list = create("ul");
  #longest; // letters of a name
  #acts;
  #drawn = ""; // the weights in the list

  // The functions are called with the name of weights: onWrite, onDelete; onGoOn with a number of steps, too, and
  // onRename with a title.
  constructor(element, acts) {
    this.#acts = acts;
    element.replaceChildren(create("h2", {}, "Trained on this page"), this.#rule, this.#lines, this.#list);
  }

  // Show OwnWeights (see backend.js). Without `weights`, those that are there stay. A form that is open stays, too, unless
  // what it asked for is done.
  show({ weights, rule, longest, status }) {
    // They quote what a person calls the weights, where no word is meant as the glossary says.
    this.#lines.replaceChildren(...status.map(([kind, sentence]) => create("p", { class: kind }, sentence)));
    if (!weights || (this.#drawn === JSON.stringify(weights) && !status.length)) return;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#drawn = JSON.stringify(weights);
    this.#longest = longest;
    this.#rule.textContent = weights.length ? rule : "Nothing yet. What you train is kept, and listed here.";
    this.#list.replaceChildren(...weights.map((each) => this.#row(each)));
    if (hadFocus) this.#lines.focus({ preventScroll: true }); // what had it is gone
  }

  #row({ name, title, about, size, best, more }) {
    const below = create("div"); // the form or the question that is open
    let opener = null; // the button that has opened it
    const open = (button, content, focused) => {
      opener = button;
      below.replaceChildren(content);
      focused.focus();
    };
    const close = () => {
      below.replaceChildren();
      opener.focus();
    };
    below.addEventListener("keydown", ({ key }) => key === "Escape" && close());
    const rename = textButton("Rename", () => {
      const field = create("input", { "aria-label": "Name", maxlength: this.#longest, required: true, value: title });
      const cancel = textButton("Cancel", close);
      const form = create("form", { class: "row" }, field, create("button", { class: "primary" }, "Save"), cancel);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#acts.onRename(name, field.value);
      });
      open(rename, form, field);
      field.select();
    });
    const longer = textButton("Train longer …", () => {
      const form = new StepsForm((steps) => {
        close();
        this.#acts.onGoOn(name, steps);
      });
      form.offer(more);
      form.element.append(textButton("Cancel", close));
      open(longer, form.element, form);
    });
    const remove = textButton("Delete …", () => {
      const words = `Delete “${title}”? Its weights, its snapshots and its text (${size}) will be gone for everybody. Texts written with it can no longer be written again, neither from “Your texts” nor from a link.`;
      const keep = textButton("Keep", close);
      const sure = textButton("Delete", () => this.#acts.onDelete(name));
      sure.classList.add("primary");
      open(
        remove,
        create("div", { role: "group", "aria-label": `Delete ${title}?` }, create("p", {}, words), row(sure, keep)),
        keep,
      );
    });
    const write = textButton("Write", () => this.#acts.onWrite(name));
    const writeBest = best
      ? [textButton(`Write with step ${best[1].toLocaleString("en-US")}`, () => this.#acts.onWrite(best[0]))]
      : [];
    const buttons = [write, ...writeBest, rename, longer, remove];
    for (const button of buttons)
      button.setAttribute("aria-label", `${button.textContent.replace(" …", "")}: ${title}`);
    return create("li", {}, create("h3", {}, title), create("p", { class: "status" }, about), row(...buttons), below);
  }
}

const row = (...children) => create("div", { class: "row" }, ...children);

const textButton = (words, onClick) => {
  const button = create("button", { type: "button" }, words);
  button.addEventListener("click", onClick);
  return button;
};
