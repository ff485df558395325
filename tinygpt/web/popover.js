// A box beside a place on the page, or, on a phone, a sheet from below.

const GAP = 8; // around the box, in CSS pixels
const LOW = 160; // too little room for the box
// In a frame, the window may be as high as the page in it, and its lower edge far away.
const asSheet = () => self === top && matchMedia("(max-width: 40rem)").matches;

export class Popover {
  #side = null; // "below" or "above" the place
  #ended; // aborted when it closes

  // `anchor` gives the DOMRect of the place, null if it is not there. `onLeave` is called when a person presses and lets
  // go elsewhere, or moves the focus there, unless `stays` says of one of the events that this does not count.
  constructor(element, { anchor, onLeave, stays }) {
    Object.assign(this, { element, anchor, onLeave, stays });
  }

  get isOpen() {
    return this.element.matches(":popover-open");
  }

  // Open at the place, or move there.
  open() {
    if (!this.isOpen) {
      this.element.showPopover();
      this.#listen();
    }
    this.#side = null;
    this.#place();
    this.#uncover();
  }

  close() {
    this.#ended.abort();
    this.element.hidePopover();
  }

  #listen() {
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    const sizes = new ResizeObserver(() => this.#place());
    sizes.observe(this.element);
    signal.addEventListener("abort", () => sizes.disconnect());
    let before = ""; // where the place was; scrolling moves it, and whatever else changes on the page
    const follow = () => {
      if (signal.aborted) return;
      const now = JSON.stringify([this.anchor(), innerWidth, innerHeight]);
      if (now !== before) this.#place();
      before = now;
      requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
    const isElsewhere = (event) => !event.composedPath().includes(this.element) && !this.stays(event);
    document.addEventListener("focusin", (event) => isElsewhere(event) && this.onLeave(), { signal });
    // The pointer moves during a press, and so does the page: a click is sent to what both of its ends lie in.
    let isPressElsewhere = true;
    const press = (event) => (isPressElsewhere = isElsewhere(event));
    const release = (event) => (isPressElsewhere &&= isElsewhere(event));
    const click = (event) => {
      if (isPressElsewhere && isElsewhere(event)) this.onLeave();
      isPressElsewhere = true; // a click by keyboard has no press
    };
    document.addEventListener("pointerdown", press, { capture: true, signal });
    document.addEventListener("pointercancel", () => (isPressElsewhere = true), { capture: true, signal });
    document.addEventListener("pointerup", release, { capture: true, signal });
    document.addEventListener("click", click, { signal });
  }

  #place() {
    const { element } = this;
    element.classList.toggle("sheet", asSheet());
    const place = this.anchor();
    if (!place || asSheet()) return;
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const [top, bottom] = [place.top, place.bottom].map((y) => Math.max(0, Math.min(height, y)));
    const rooms = { below: height - bottom - 2 * GAP, above: top - 2 * GAP };
    const wanted = element.scrollHeight + element.offsetHeight - element.clientHeight; // with its border
    if (this.#side === null || rooms[this.#side] < LOW)
      this.#side = wanted <= rooms.below || rooms.below >= rooms.above ? "below" : "above";
    const [across, shown] = [element.offsetWidth, Math.min(wanted, Math.max(LOW, rooms[this.#side]))];
    const y = this.#side === "below" ? bottom + GAP : top - GAP - shown;
    const x = (place.left + place.right - across) / 2;
    const within = (at, size, room) => `${Math.max(GAP, Math.min(room - size - GAP, at))}px`;
    element.style.setProperty("--height", `${shown}px`);
    element.style.setProperty("--left", within(x, across, width));
    element.style.setProperty("--top", within(y, shown, height));
  }

  // Scroll the page where the sheet covers the place.
  #uncover() {
    if (!asSheet()) return;
    const [place, sheet] = [this.anchor(), this.element.getBoundingClientRect()];
    if (place && place.bottom > sheet.top - GAP)
      scrollBy({ top: place.bottom - sheet.top + 2 * GAP, behavior: "instant" });
  }
}
