// An element that shows a text: which part of the document each of its characters is.

import { drawPieces } from "./dom.js";

export class TextView {
  constructor(element) {
    this.element = element;
    this.length = 0; // in characters
  }

  // Show the pieces of a text. Returns whether it only grew.
  draw(pieces) {
    const grown = drawPieces(this.element, pieces);
    this.length = pieces.reduce((sum, { text }) => sum + [...text].length, 0);
    return grown;
  }

  // The text nodes, each with the position of its first character and the offsets where its characters begin and end.
  // Positions count characters; offsets in JavaScript count some characters, such as emoji, twice.
  *nodes() {
    const walker = document.createTreeWalker(this.element, NodeFilter.SHOW_TEXT);
    for (let node, start = 0; (node = walker.nextNode()); ) {
      const cuts = [0];
      for (const character of node.data) cuts.push(cuts.at(-1) + character.length);
      yield [node, start, cuts];
      start += cuts.length - 1;
    }
  }

  // The parts of the document that spans { first, end } of the text are. Spans are sorted and do not overlap.
  ranges(spans) {
    const ranges = [];
    let open = null;
    for (const [node, start, cuts] of this.nodes()) {
      const stop = start + cuts.length - 1;
      while (ranges.length < spans.length && spans[ranges.length].first < stop) {
        const { first, end } = spans[ranges.length];
        if (first >= start) (open = new Range()).setStart(node, cuts[first - start]);
        if (end > stop) break;
        open.setEnd(node, cuts[end - start]);
        ranges.push(open);
      }
    }
    return ranges;
  }

  // The position of the character at a point of the screen; null if there is none.
  positionAt(x, y) {
    const covers = (part) =>
      [...part.getClientRects()].some((box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    for (const [node, start, cuts] of this.nodes()) {
      if (!covers(range(node, 0, node.length))) continue;
      for (let i = 0; i < cuts.length - 1; i++) if (covers(range(node, cuts[i], cuts[i + 1]))) return start + i;
    }
    return null;
  }
}

const range = (node, from, to) => {
  const result = new Range();
  result.setStart(node, from);
  result.setEnd(node, to);
  return result;
};
