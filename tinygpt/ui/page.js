// Small things that the browser does alone.
window.tinygpt = {
  say(button, word) {
    button.dataset.label ??= button.textContent;
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.label), 1500);
  },
  follow(leaf, trigger) {
    window.tinygpt.look(leaf, trigger);
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
  reveal() {
    // On a phone the text grows below the controls; beside them, nothing has to move.
    const leaf = document.getElementById("leaf");
    if (leaf.getBoundingClientRect().top > innerHeight / 2) leaf.scrollIntoView({ behavior: "smooth" });
  },
  async copy() {
    const text = document.getElementById("continuation");
    if (navigator.clipboard) await navigator.clipboard.writeText(text.textContent);
    else {
      // Browsers give pages that came over plain http from another machine no clipboard.
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    window.tinygpt.say(document.getElementById("copy"), "Copied");
  },
  download(text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = "output.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
