// The characters of the continuation: the tint of uncertain ones, and the selection of one for its candidates.
{
  const LEVELS = 5; // of uncertainty: one for each tenth of probability below one half
  const text = () => document.getElementById("continuation");
  let selected = null; // the position of the selected character

  // The text nodes, each with the position of its first character and the offsets at which its characters begin and end.
  // Positions count characters, as the server does; JavaScript's offsets count some characters, such as emoji, twice.
  const nodes = function* () {
    const walker = document.createTreeWalker(text(), NodeFilter.SHOW_TEXT);
    for (let node, start = 0; (node = walker.nextNode()); ) {
      const cuts = [0];
      for (const character of node.data) cuts.push(cuts.at(-1) + character.length);
      yield [node, start, cuts];
      start += cuts.length - 1;
    }
  };
  const part = (node, from, to) => {
    const result = new Range();
    result.setStart(node, from);
    result.setEnd(node, to);
    return result;
  };
  const range = (first, last = first + 1) => {
    const result = new Range();
    for (const [node, start, cuts] of nodes()) {
      const count = cuts.length - 1;
      if (first >= start && first < start + count) result.setStart(node, cuts[first - start]);
      if (last > start && last <= start + count) {
        result.setEnd(node, cuts[last - start]);
        return result;
      }
    }
  };

  // Highlights color ranges without changing the document, so that the text can be copied and read aloud as it is.
  const paint = () => {
    if (!window.Highlight || !text()) return;
    const { confidence, forced, memorized } = text().dataset;
    const ranges = Array.from({ length: LEVELS }, () => []);
    for (const [node, start, cuts] of nodes()) {
      for (let first = 0, last; first < cuts.length - 1; first = last) {
        const level = confidence[start + first];
        for (last = first + 1; last < cuts.length - 1 && confidence[start + last] === level; last++);
        if (level < LEVELS) ranges[level].push(part(node, cuts[first], cuts[last]));
      }
    }
    ranges.forEach((parts, level) => CSS.highlights.set(`uncertain-${level}`, new Highlight(...parts)));
    const pairs = memorized ? memorized.split(" ").map((pair) => pair.split("-").map(Number)) : [];
    CSS.highlights.set("memorized", new Highlight(...pairs.map(([first, last]) => range(first, last))));
    const byPerson = forced ? forced.split(" ").map((position) => range(Number(position))).filter(Boolean) : [];
    CSS.highlights.set("forced", new Highlight(...byPerson));
    const marked = selected === null ? undefined : range(selected);
    CSS.highlights.set("here", new Highlight(...(marked ? [marked] : [])));
    return marked;
  };

  // The position of the character at a point of the screen; null if there is none.
  const positionAt = (x, y) => {
    const covers = (range) =>
      [...range.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    for (const [node, start, cuts] of nodes()) {
      if (!covers(part(node, 0, node.length))) continue;
      for (let i = 0; i < cuts.length - 1; i++) if (covers(part(node, cuts[i], cuts[i + 1]))) return start + i;
    }
    return null;
  };

  Object.assign(window.tinygpt, {
    selectCharacters(pane, trigger) {
      new MutationObserver(() => {
        if (!text() || text().classList.contains("writing")) selected = null;
        paint();
      }).observe(pane, { subtree: true, attributeFilter: ["data-memorized"], childList: true, characterData: true });
      const reveal = (mark) => {
        if (!mark) return;
        const [box, view] = [mark.getBoundingClientRect(), pane.getBoundingClientRect()];
        if (box.top < view.top + 40 || box.bottom > view.bottom) pane.scrollTop += box.top - view.top - view.height / 2;
      };
      const show = (position) => {
        selected = position;
        paint();
        trigger("select", { index: position });
      };
      pane.addEventListener("click", (event) => {
        if (!text() || !getSelection().isCollapsed) return;
        const position = positionAt(event.clientX, event.clientY);
        if (position !== null) show(position);
      });
      pane.addEventListener("keydown", (event) => {
        if (event.target !== text()) return;
        const last = [...text().textContent].length - 1;
        const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
        if (event.key in steps) {
          selected = Math.max(0, Math.min(last, (selected ?? -1) + steps[event.key]));
          reveal(paint());
        } else if (event.key === "Enter" && selected !== null) show(selected);
        else return;
        event.preventDefault();
      });
    },
    candidates(panel, trigger) {
      panel.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-character]");
        if (button) trigger("select", { character: button.dataset.character });
        if (event.target.closest(".inside-link")) window.tinygpt.openTab("Look inside");
      });
    },
  });
}
