// The prompt of the tab Write, on another tab.

// A box that holds the same prompt as the tab Write gets what is written there, unless a person is typing in it.
export const samePrompt = (id, prompt) => (isTyping(document.getElementById(id)) ? { __type__: "update" } : prompt);

const isTyping = (element) => element?.contains(document.activeElement) ?? false;
