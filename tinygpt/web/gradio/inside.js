// The tab Look inside: gradio gives its component, and calls when a person opens the tab.

import { backend, connect } from "./backend.js";
import { insideTab } from "./write.js";

export const inside = (built) => {
  connect("activations", built);
  insideTab.build(built.element, backend);
};
export const lookInside = () => insideTab.look();
