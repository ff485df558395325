// What all tabs need of the page around them.

import { follow, here } from "../address.js";
import * as browser from "../browser.js";
import { watchTabs } from "../tab_list.js";

// The names of the tabs in an address, and on the page. The tab Write is not named in an address.
const NAMES = {
  compare: "Compare",
  inside: "Look inside",
  learned: "How it learned",
  train: "Train",
};

const SELECTED = '[role="tab"][aria-selected="true"]';

export const byId = (id) => document.getElementById(id);
export const reveal = (id = "output-pane") => browser.reveal(byId(id));

export const connectTabs = () => watchTabs(document.querySelector('[role="tablist"]'));

const tabNamed = (name) =>
  [...document.querySelectorAll('[role="tab"]')].find((tab) => tab.textContent.trim() === name);

export const openTab = (name) => {
  tabNamed(name).click();
  scrollTo({ top: 0 });
};

// Open the tab that the address says, unless it is open. A page need not have them all.
export const openTabOfAddress = () => {
  const name = tabNamed(NAMES[here().tab]) ? NAMES[here().tab] : "Write";
  if (document.querySelector(SELECTED)?.textContent.trim() !== name) openTab(name);
};

// The address follows the tab that is open, however it was opened.
new MutationObserver((changes) => {
  const tab = changes.map(({ target }) => target).findLast((each) => each.matches(SELECTED));
  if (!tab) return;
  const name = Object.keys(NAMES).find((each) => NAMES[each] === tab.textContent.trim()) ?? null;
  if (name !== here().tab) follow({ tab: name, index: null, layer: null, head: null });
}).observe(document, { subtree: true, attributeFilter: ["aria-selected"] });
