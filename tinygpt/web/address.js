// The address of the page: it follows what is seen, so that it can be reloaded, shared and gone back to.
//
// Its fragment holds the fields of the share link of the text in view, and what else is seen of it:
//
//   tab                  "compare", "inside", "learned" or "train"; none for the tab Write
//   position             of the character whose candidates are in view
//   station              of the walk in the tab Look inside (see lessons.js), or "all" for all on one page
//   index, layer, head   what is inspected there
//   compare.*            what is compared in the tab Compare: the fields of a call `compare` (see backend.js), such as
//                        compare.seed and compare.left.top_k, or compare.left without a value if all is at its default
//
// A place is such an address, read: { link, own, tab, station, position, index, layer, head, compare }, null where nothing
// is said. `own` says whether the text is the visitor's own, which is not in the address, but kept with it by the browser;
// `compare` has its fields without "compare.", as in a query. A station and what is compared are in the address only
// while their tab is open, but the place remembers them for when it is opened again.

import { isPlain } from "./browser.js";
import { VIEWS } from "./lessons.js";
import { keyOf } from "./share_link.js";

const count = (value) => (/^[0-9]{1,6}$/.test(value) ? Number(value) : null);
const TABS = ["compare", "inside", "learned", "train"];
const EARLIER = { temperature: "compare" }; // what tabs were called in addresses of earlier versions
const oneOf = (names) => (value) => (names.includes(value) ? value : null);
const tabOf = (value) => oneOf(TABS)(EARLIER[value] ?? value);
const PART = { position: count, index: count, layer: count, head: count };
const VIEW = { tab: tabOf, station: oneOf(VIEWS), ...PART };
const ALL = ["link", "tab", "station", ...Object.keys(PART), "compare"];
const NOWHERE = { ...Object.fromEntries(ALL.map((name) => [name, null])), own: false };
const OTHER_TEXT = { position: null, index: null, layer: null, head: null };
const DELAY = 300; // milliseconds: browsers refuse to change an address much more often

const COMPARE = "compare.";
const isCompared = (part) => part.startsWith(COMPARE);
const isView = (part) => Object.hasOwn(VIEW, part.split("=")[0]);

// The place that a fragment says; null for an anchor within the page, which has no fields.
export const readPlace = (fragment) => {
  if (fragment.length > 1 && !fragment.includes("=")) return null;
  const parts = fragment.replace(/^#/, "").split("&").filter(Boolean);
  const view = parts.filter(isView).map((part) => part.split("="));
  const compare = parts.filter(isCompared).map((part) => part.slice(COMPARE.length));
  const link = parts.filter((part) => !isView(part) && !isCompared(part)).join("&");
  return {
    ...NOWHERE,
    ...Object.fromEntries(view.map(([name, value]) => [name, VIEW[name](value)])),
    compare: compare.length ? compare.join("&") : null,
    link: link ? `#${link}` : null,
  };
};

// The fragment that says a place; "" for the page as it opens.
export const writePlace = (place) => {
  const isOpen = (tab) => place.tab === tab;
  const said = { ...place, station: isOpen("inside") ? place.station : null };
  const view = Object.keys(VIEW).filter((name) => said[name] !== null);
  const link = place.link?.startsWith("#") ? [place.link.slice(1)] : []; // or it is of no form that can be read
  const compared = (isOpen("compare") && place.compare?.split("&").map((part) => COMPARE + part)) || [];
  const parts = [...link, ...view.map((name) => `${name}=${place[name]}`), ...compared];
  return parts.length ? `#${parts.join("&")}` : "";
};

// Links of earlier versions are JSON, in the query.
const recipe = () => new URLSearchParams(location.search).get("recipe");
const current = () => {
  const place = readPlace(location.hash);
  return place && { ...place, own: history.state?.own ?? false, link: place.link ?? keyOf(recipe()) };
};

let place = current() ?? NOWHERE;
let known = location.hash; // the fragment that `place` was read from or written to
let timer = null; // until the address may change again
let onNavigate = () => {};
let clicked = null; // the last link in the page that was clicked: it leads to a text of the visitor's own

// Make the address that of the place. When a person goes back, it changes a moment before the page hears of it: what is
// there then is another place, and stays.
const change = (how) => {
  clearTimeout(timer);
  timer = null;
  const isLeft = location.hash !== known;
  known = location.hash;
  if (isLeft) return;
  const query = new URLSearchParams(location.search);
  query.delete("recipe");
  const address = `${location.pathname}${recipe() === null ? location.search : query.size ? `?${query}` : ""}`;
  history[how]({ ...history.state, own: place.own }, "", address + writePlace(place));
  known = location.hash;
};

// What the address says.
export const here = () => place;

// The address of a place like this one but for some changes, as the href of a link.
export const hrefOf = (changes) => writePlace({ ...place, ...changes });

// Call a function with the place and the one before, when a person goes to another: back, forward, or by a link.
export const listen = (callback) => (onNavigate = callback);

// The page shows something else: changes of the place. `push` makes it a place of its own in the browser's history,
// as another tab and another station always are.
export const follow = (changes, { push = "tab" in changes || "station" in changes } = {}) => {
  const next = { ...place, ...("link" in changes && changes.link !== place.link && OTHER_TEXT), ...changes };
  if (JSON.stringify(next) === JSON.stringify(place)) return;
  if (push && timer !== null) change("replaceState"); // the place that is left is kept as it was
  place = next;
  if (push) change("pushState");
  else timer ??= setTimeout(change, DELAY, "replaceState");
};

addEventListener("click", ({ target }) => (clicked = target.closest?.("a[href^='#']")?.hash ?? null), true);
// A link in the page that says nothing of a text leads to another view of the text in view, not to the page without it.
addEventListener("click", (event) => {
  const next = readPlace(event.target.closest?.("a[href^='#']")?.getAttribute("href") ?? "#");
  if (!next?.tab || next.link !== null || event.defaultPrevented || !isPlain(event)) return;
  event.preventDefault();
  const before = place;
  const said = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
  follow({ ...OTHER_TEXT, ...said, link: place.link, own: place.own });
  onNavigate(place, before);
});
addEventListener("hashchange", () => {
  known = location.hash;
  const next = current();
  if (next === null) return;
  clearTimeout(timer);
  timer = null;
  const before = place;
  place = { ...next, own: next.own || (clicked !== null && location.hash === clicked) };
  onNavigate(place, before);
});
