// Small things the browser does alone. Each is the body of a button's click.
window.tinygpt = {
  say(button, word) {
    const label = button.textContent;
    button.textContent = word;
    setTimeout(() => (button.textContent = label), 1500);
  },
  reveal() {
    // On a phone the page lies below the controls; where it is in sight already, nothing moves.
    document.getElementById("leaf").scrollIntoView({ block: "nearest", behavior: "smooth" });
  },
  async copy() {
    const text = document.getElementById("continuation")?.textContent;
    if (!text) return;
    await navigator.clipboard.writeText(text);
    window.tinygpt.say(document.getElementById("copy"), "Copied");
  },
  download(text) {
    if (!text) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    link.download = "output.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
