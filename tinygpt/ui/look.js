// Characters of the continuation: how sure the model was of each, and which one is looked at.
{
  const LEVELS = 5; // of unsureness: the first five tenths of probability
  const text = () => document.getElementById("continuation");
  let here = null; // the character that is looked at

  // The text's nodes with the place of their first character, and where in them each begins and the last one ends.
  // Places count characters, as the server does; JavaScript counts some of them, as emoji, twice.
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
    const found = new Range();
    found.setStart(node, from);
    found.setEnd(node, to);
    return found;
  };
  const range = (first, last = first + 1) => {
    const found = new Range();
    for (const [node, start, cuts] of nodes()) {
      const count = cuts.length - 1;
      if (first >= start && first < start + count) found.setStart(node, cuts[first - start]);
      if (last > start && last <= start + count) {
        found.setEnd(node, cuts[last - start]);
        return found;
      }
    }
  };

  // The browser paints ranges without a change to the text: it stays what is read aloud and copied.
  const paint = () => {
    if (!window.Highlight || !text()) return;
    const { sureness, chosen, byHeart } = text().dataset;
    const ranges = Array.from({ length: LEVELS }, () => []);
    for (const [node, start, cuts] of nodes()) {
      for (let first = 0, last; first < cuts.length - 1; first = last) {
        const level = sureness[start + first];
        for (last = first + 1; last < cuts.length - 1 && sureness[start + last] === level; last++);
        if (level < LEVELS) ranges[level].push(part(node, cuts[first], cuts[last]));
      }
    }
    ranges.forEach((found, level) => CSS.highlights.set(`unsure-${level}`, new Highlight(...found)));
    const pairs = byHeart ? byHeart.split(" ").map((pair) => pair.split("-").map(Number)) : [];
    CSS.highlights.set("by-heart", new Highlight(...pairs.map(([first, last]) => range(first, last))));
    const hand = chosen ? chosen.split(" ").map((place) => range(Number(place))).filter(Boolean) : [];
    CSS.highlights.set("chosen", new Highlight(...hand));
    const marked = here === null ? undefined : range(here);
    CSS.highlights.set("here", new Highlight(...(marked ? [marked] : [])));
    return marked;
  };

  // The character under a point, if it is one of the text's.
  const at = (x, y) => {
    const under = (found) =>
      [...found.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    for (const [node, start, cuts] of nodes()) {
      if (!under(part(node, 0, node.length))) continue;
      for (let i = 0; i < cuts.length - 1; i++) if (under(part(node, cuts[i], cuts[i + 1]))) return start + i;
    }
    return null;
  };

  Object.assign(window.tinygpt, {
    look(leaf, trigger) {
      new MutationObserver(() => {
        if (!text() || text().classList.contains("writing")) here = null;
        paint();
      }).observe(leaf, { subtree: true, attributeFilter: ["data-by-heart"], childList: true });
      const reveal = (mark) => {
        if (!mark) return;
        const [box, view] = [mark.getBoundingClientRect(), leaf.getBoundingClientRect()];
        if (box.top < view.top + 40 || box.bottom > view.bottom) leaf.scrollTop += box.top - view.top - view.height / 2;
      };
      const show = (place) => {
        here = place;
        paint();
        trigger("select", { index: place });
      };
      leaf.addEventListener("click", (event) => {
        if (!text() || !getSelection().isCollapsed) return;
        const place = at(event.clientX, event.clientY);
        if (place !== null) show(place);
      });
      leaf.addEventListener("keydown", (event) => {
        if (event.target !== text()) return;
        const last = [...text().textContent].length - 1;
        const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
        if (event.key in steps) {
          here = Math.max(0, Math.min(last, (here ?? -1) + steps[event.key]));
          reveal(paint());
        } else if (event.key === "Enter" && here !== null) show(here);
        else return;
        event.preventDefault();
      });
    },
    offer(panel, trigger) {
      panel.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-character]");
        if (button) trigger("select", { character: button.dataset.character });
        if (event.target.closest(".inside-link")) window.tinygpt.open("Look inside");
      });
    },
  });
}
