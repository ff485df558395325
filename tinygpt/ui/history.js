// The visitor's own texts: recipes and beginnings, kept by this browser alone.
{
  const KEY = "tinygpt.texts";
  const MOST = 50;
  const BEGINNING = 120; // characters of a text that are kept
  let entries = []; // { recipe, text, time }, the latest first
  let place = null; // where they are listed, once that is open
  let open = () => {};
  let writing = false;

  // What a recipe says, or null: anything may lie in the storage.
  const read = (recipe) => {
    try {
      const { prompt, temperature, seed, strategy, beam_width } = JSON.parse(recipe);
      if (typeof prompt !== "string" || typeof temperature !== "number" || typeof seed !== "string") return null;
      const how = { greedy: "greedy", beam: `beam width ${beam_width}` }[strategy];
      return { prompt, how: how ?? `temperature ${temperature} · seed ${seed}` };
    } catch {
      return null;
    }
  };
  const sound = (entry) =>
    typeof entry?.recipe === "string" &&
    typeof entry.text === "string" &&
    Number.isFinite(entry.time) &&
    read(entry.recipe) !== null;
  const load = () => {
    try {
      entries = JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(sound).slice(0, MOST);
    } catch {
      entries = []; // no storage, or rubbish in it
    }
  };
  const save = () => {
    for (let kept = entries.length; kept > 0; kept >>= 1) {
      try {
        return localStorage.setItem(KEY, JSON.stringify(entries.slice(0, kept)));
      } catch {
        // No storage, or too little of it: the latest texts are tried alone; on this page all stay.
      }
    }
  };

  const made = (tag, content, name) => {
    const element = document.createElement(tag);
    element.append(content);
    if (name) element.className = name;
    return element;
  };
  const row = (entry) => {
    const { prompt, how } = read(entry.recipe);
    const button = document.createElement("button");
    button.append(
      made("b", prompt.trimEnd().split("\n").at(-1).slice(-BEGINNING) || "(no prompt)"),
      made("span", entry.text.slice(0, BEGINNING).replace(/\s+/g, " ").trim()),
      made("small", `${how} · ${new Date(entry.time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`),
    );
    button.addEventListener("click", () => {
      if (!writing) open(entry.recipe);
    });
    return made("li", button);
  };
  const wait = () => place?.querySelectorAll("li button").forEach((each) => each.setAttribute("aria-disabled", writing));
  const show = () => {
    if (!place) return;
    const focused = place.contains(document.activeElement);
    const all = made("button", "Clear all", "clear");
    all.addEventListener("click", () => {
      entries = [];
      try {
        localStorage.removeItem(KEY);
      } catch {
        // There is no storage to clear.
      }
      show();
    });
    const list = document.createElement("ul");
    list.append(...entries.map(row));
    const note = made("p", "What you write is listed here, to be written again. Only this browser keeps it.", "status");
    note.tabIndex = -1;
    place.replaceChildren(...(entries.length ? [list, all] : [note]));
    wait();
    if (focused) place.querySelector("li button, p").focus({ preventScroll: true });
  };
  const remember = (recipe, text) => {
    if (entries[0]?.recipe === recipe) return;
    const entry = { recipe, text: text.slice(0, BEGINNING), time: Date.now() };
    entries = [entry, ...entries.filter((each) => each.recipe !== recipe)].slice(0, MOST);
    save();
    show();
  };

  load();
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    load(); // the page is open twice
    show();
  });
  Object.assign(window.tinygpt, {
    keep(leaf, trigger) {
      open = (recipe) => {
        trigger("apply", { recipe });
        leaf.scrollIntoView({ block: "nearest", behavior: "smooth" });
      };
      new MutationObserver(() => {
        const text = document.getElementById("continuation");
        writing = text?.classList.contains("writing") ?? false;
        wait();
        if (text?.dataset.recipe) remember(text.dataset.recipe, text.textContent);
      }).observe(leaf, { subtree: true, attributeFilter: ["class", "data-recipe"], childList: true });
    },
    texts(element) {
      place = element.querySelector(".texts");
      show();
    },
  });
}
