// What all tabs use, and what the browser does without the server: copying, downloading, scrolling.

// Show a word on a button for a moment.
function flash(button, word) {
  button.dataset.label ??= button.textContent;
  button.textContent = word;
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
}

export function openTab(name) {
  // On a narrow screen, a tab may be in the menu of those that do not fit.
  const tabs = document.querySelectorAll('[role="tab"], .overflow-dropdown button');
  [...tabs].find((tab) => tab.textContent.trim() === name).click();
  scrollTo({ top: 0 });
}

export function reveal(id = "output-pane") {
  // On a phone the output is below the controls, out of view; on a wide screen it is beside them.
  const part = document.getElementById(id);
  if (part.getBoundingClientRect().top > innerHeight / 2) part.scrollIntoView({ behavior: "smooth" });
}

export function copyText() {
  toClipboard(document.getElementById("continuation").textContent, document.getElementById("copy"));
}

export function copyLink(fragment) {
  const address = new URL(location.pathname, location.origin);
  toClipboard(address.href + fragment, document.getElementById("link"));
}

async function toClipboard(text, button) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else {
    // Pages that came over plain http from another machine have no clipboard.
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  flash(button, "Copied");
}

export function download(text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = "output.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
