// What all tabs use, and what the browser does without the server: copying, downloading, scrolling.
window.tinygpt = {
  // Show a word on a button for a moment.
  flash(button, word) {
    button.dataset.label ??= button.textContent;
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.label), 1500);
  },
  outputPane(pane, trigger) {
    window.tinygpt.selectCharacters(pane, trigger);
    window.tinygpt.rememberTexts(pane, trigger);
    // A share link's fragment has fields with values; an anchor of this page has none. Earlier versions used ?recipe=.
    const old = new URLSearchParams(location.search).get("recipe");
    const linked = () => (location.hash.includes("=") ? location.hash : null);
    const link = linked() ?? old;
    if (link !== null) setTimeout(() => trigger("apply", { link }));
    addEventListener("hashchange", () => {
      const writing = document.getElementById("continuation")?.classList.contains("writing");
      if (linked() === null || writing) return;
      window.tinygpt.openTab("Write");
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
  },
  openTab(name) {
    // On a narrow screen, a tab may be in the menu of those that do not fit.
    const tabs = document.querySelectorAll('[role="tab"], .overflow-dropdown button');
    [...tabs].find((tab) => tab.textContent.trim() === name).click();
    scrollTo({ top: 0 });
  },
  reveal(id = "output-pane") {
    // On a phone the output is below the controls, out of view; on a wide screen it is beside them.
    const part = document.getElementById(id);
    if (part.getBoundingClientRect().top > innerHeight / 2) part.scrollIntoView({ behavior: "smooth" });
  },
  copyText() {
    window.tinygpt.toClipboard(document.getElementById("continuation").textContent, document.getElementById("copy"));
  },
  copyLink(fragment) {
    const address = new URL(location.pathname, location.origin);
    window.tinygpt.toClipboard(address.href + fragment, document.getElementById("link"));
  },
  async toClipboard(text, button) {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      // Pages that came over plain http from another machine have no clipboard.
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    window.tinygpt.flash(button, "Copied");
  },
  download(text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = "output.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
