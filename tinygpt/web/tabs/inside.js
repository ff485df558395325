// The tab Look inside: how the model reads the text of the tab Write, or the prompt.

import { follow, here, hrefOf } from "../address.js";
import { Inspector } from "../inside.js";
import { STATIONS } from "../lessons.js";

export class Inside {
  #writer;
  #inspector = null; // until the page is built
  #opened = false;

  constructor(writer) {
    this.#writer = writer;
  }

  build(element, backend) {
    this.#inspector = new Inspector(element, backend, {
      onSelect: follow,
      onView: (station) => follow({ station }),
      hrefOf: (station) => hrefOf({ tab: "inside", station }),
    });
    if (this.#opened) this.look();
  }

  // The tab was opened: inspect what the address says of the text on the page, or else that text, or the prompt.
  look() {
    this.#opened = true;
    if (!this.#inspector) return;
    const [writer, { walk }] = [this.#writer, this.#inspector];
    writer.showAll();
    const { station, position, index, layer, head } = here();
    walk.open(station ?? STATIONS[0]);
    if (index === null) return this.#inspector.look(writer.inspected ?? writer.shown);
    const part = { index, layer: layer ?? 0, head: head ?? 0 };
    this.#inspector.look(writer.shown && { ...writer.shown, position }, part);
  }
}
