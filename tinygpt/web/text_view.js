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
    const [node, offset] = caretAt(x, y);
    if (!node) return null;
    const before = new Range();
    before.selectNodeContents(this.element);
    before.setEnd(node, offset);
    const after = [...before.toString()].length; // the caret is before or after the character
    return [after - 1, after].find((position) => position >= 0 && this.#covers(position, x, y)) ?? null;
  }

  #covers(position, x, y) {
    const [range] = this.ranges([{ first: position, end: position + 1 }]);
    // A little more than its height, so that there is no gap between lines.
    const covers = ({ left, right, top, bottom }) => x >= left && x <= right && y >= top - 4 && y <= bottom + 4;
    return range ? [...range.getClientRects()].some(covers) : false;
  }
}

// Where a caret would be set at a point of the screen: the node of the document, and the offset in it.
const caretAt = (x, y) => {
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(x, y);
    return [caret?.offsetNode, caret?.offset];
  }
  const range = document.caretRangeFromPoint(x, y); // Safari
  return [range?.startContainer, range?.startOffset];
};
