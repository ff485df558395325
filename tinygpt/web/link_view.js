// What stands over a text that came by a link: that it was shared, or why it cannot be shown.

import { create } from "./dom.js";

const button = (label, onClick) => {
  const element = create("button", {}, label);
  element.addEventListener("click", onClick);
  return element;
};

// For a text that somebody shared. With `otherWeights`, this page lacks the weights that wrote it. `writeAnother` is
// null for a text that comes out the same every time.
export const sharedBanner = ({ otherWeights, writeAnother, editPrompt }) => {
  const sentence = otherWeights
    ? "Someone shared a text, but this page does not have the weights that wrote it. Its own weights wrote this one."
    : "Someone shared this text";
  return create(
    "section",
    { class: "shared", "aria-label": "Shared text" },
    create("p", {}, sentence),
    ...(writeAnother ? [button("Write another", writeAnother)] : []),
    button("Edit the prompt", editPrompt),
  );
};

// For a link that cannot be opened: Lines (see backend.js) that say why.
export const refusedBanner = (lines) => {
  const sentences = lines.map(([, sentence]) => create("p", {}, sentence));
  return create("div", { class: "shared refused", role: "alert" }, ...sentences);
};
