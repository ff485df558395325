// Small things that the browser does alone.
window.tinygpt = {
  say(button, word) {
    button.dataset.label ??= button.textContent;
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.label), 1500);
  },
  follow(leaf, trigger) {
    window.tinygpt.look(leaf, trigger);
    window.tinygpt.keep(leaf, trigger);
    const recipe = new URLSearchParams(location.search).get("recipe");
    if (recipe !== null) setTimeout(() => trigger("apply", { recipe }));
    // Keep the end of a growing text in sight, unless the reader has scrolled up.
    let atEnd = true;
    const left = () => leaf.scrollHeight - leaf.clientHeight - leaf.scrollTop;
    leaf.addEventListener("scroll", () => (atEnd = left() < 60));
    new MutationObserver(() => atEnd && leaf.scrollTo(0, leaf.scrollHeight)).observe(leaf, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  },
  open(name) {
    // A tab; on a narrow screen it may stand in the menu of those that found no room.
    const tabs = document.querySelectorAll('[role="tab"], .overflow-dropdown button');
    [...tabs].find((tab) => tab.textContent.trim() === name).click();
    scrollTo({ top: 0 });
  },
  reveal(id = "leaf") {
    // On a phone the text grows below the controls; beside them, nothing has to move.
    const part = document.getElementById(id);
    if (part.getBoundingClientRect().top > innerHeight / 2) part.scrollIntoView({ behavior: "smooth" });
  },
  copy() {
    window.tinygpt.put(document.getElementById("continuation").textContent, document.getElementById("copy"));
  },
  link(recipe) {
    const address = new URL(location.pathname, location.origin);
    address.searchParams.set("recipe", recipe);
    window.tinygpt.put(address.href, document.getElementById("link"));
  },
  async put(text, button) {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      // Browsers give pages that came over plain http from another machine no clipboard.
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    window.tinygpt.say(button, "Copied");
  },
  download(text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = "output.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
