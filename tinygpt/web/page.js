// The page that gradio serves. gradio calls these functions when it has built a component ({ element, trigger, props,
// watch }), and when a person uses one of its own controls.

export * from "./gradio/compare.js";
export * from "./gradio/inside.js";
export * from "./gradio/learned.js";
export * from "./gradio/prompt_box.js";
export * from "./gradio/train.js";
export * from "./gradio/weights_menu.js";
export * from "./gradio/write.js";
export { failed } from "./gradio/backend.js";
export { glossary } from "./gradio/glossary.js";
export { connectTabs } from "./tabs/tabs.js";

import { watchTerms } from "./definitions.js";
import { watchNumberFields } from "./number_fields.js";

watchNumberFields(document);
watchTerms();
