// The page: what its parts are, for the scripts that gradio runs when it has built a component.
import { openTab } from "./browser.js";
import { selectCharacters } from "./candidates.js";
import { rememberTexts } from "./history.js";

export * from "./browser.js";
export { candidates } from "./candidates.js";
export { history } from "./history.js";
export { heads } from "./inside.js";
export { columns, points } from "./points.js";

export function outputPane(pane, trigger) {
  selectCharacters(pane, trigger);
  rememberTexts(pane, trigger);
  // A share link's fragment has fields with values; an anchor of this page has none. Earlier versions used ?recipe=.
  const old = new URLSearchParams(location.search).get("recipe");
  const linked = () => (location.hash.includes("=") ? location.hash : null);
  const link = linked() ?? old;
  if (link !== null) setTimeout(() => trigger("apply", { link }));
  addEventListener("hashchange", () => {
    const writing = document.getElementById("continuation")?.classList.contains("writing");
    if (linked() === null || writing) return;
    openTab("Write");
    trigger("apply", { link: linked() });
  });
  // Keep the end of a growing text in view, unless the reader has scrolled up.
  let atEnd = true;
  const below = () => pane.scrollHeight - pane.clientHeight - pane.scrollTop; // pixels out of view
  pane.addEventListener("scroll", () => (atEnd = below() < 60));
  new MutationObserver(() => atEnd && pane.scrollTo(0, pane.scrollHeight)).observe(pane, {
    childList: true,
    subtree: true,
    characterData: true,
  });
}

