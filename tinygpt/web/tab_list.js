// A list of tabs on one line: where they do not all fit it scrolls sideways, and shows that there are more.

const tabsOf = (list) => [...list.querySelectorAll('[role="tab"]:not(:disabled)')];

// How far a list has to fade on each side, for tabs that are out of sight there.
const fade = (list) => {
  const hidden = { before: list.scrollLeft, after: list.scrollWidth - list.clientWidth - list.scrollLeft };
  for (const [side, pixels] of Object.entries(hidden)) list.style.setProperty(`--${side}`, pixels > 1 ? "3rem" : "0rem");
};

// The selected tab is in view, and the one that the Tab key goes to.
const settle = (list) => {
  const tabs = tabsOf(list);
  const selected = tabs.find((tab) => tab.ariaSelected === "true");
  for (const tab of tabs) tab.tabIndex = tab === selected ? 0 : -1;
  if (selected) list.scrollTo({ left: selected.offsetLeft - (list.clientWidth - selected.offsetWidth) / 2 });
  fade(list);
};

const STEPS = { ArrowRight: (i) => i + 1, ArrowLeft: (i) => i - 1, Home: () => 0, End: () => -1 };

// Arrows move between tabs; Enter or the space bar opens one, as opening makes the model work.
const move = (event) => {
  const [tabs, step] = [tabsOf(event.currentTarget), STEPS[event.key]];
  if (!step) return;
  event.preventDefault();
  const next = step(tabs.indexOf(event.target));
  tabs.at(next % tabs.length).focus();
};

// Make a list of tabs do all this.
export const watchTabs = (list) => {
  list.addEventListener("keydown", move);
  list.addEventListener("scroll", () => fade(list), { passive: true });
  new ResizeObserver(() => settle(list)).observe(list);
  new MutationObserver(() => settle(list)).observe(list, { subtree: true, attributeFilter: ["aria-selected"], childList: true });
};
