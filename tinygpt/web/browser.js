// What the browser does by itself: copying, downloading, scrolling.

// Show a word on a button for a moment.
const flash = (button, word) => {
  button.dataset.label ??= button.textContent;
  button.textContent = word;
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
};

// Put a text on the clipboard, and say so on a button.
export const copy = async (text, button) => {
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
};

// Save a text as a file.
export const save = (name, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};

// Scroll to an element that begins below the middle of the screen: on a phone the output is below the controls.
export const reveal = (element) => {
  if (element.getBoundingClientRect().top > innerHeight / 2) element.scrollIntoView({ behavior: "smooth" });
};
