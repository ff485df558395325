// A walk through the model: one station at a time, with its numbers and its lesson, or all on one page.

import { isPlain, scrollTo } from "./browser.js";
import { capitalized } from "./capitalized.js";
import { drawDiagram, drawStation } from "./diagram.js";
import { create, quoted } from "./dom.js";
import { saveButtons } from "./figures.js";
import { STATIONS, drawLessons } from "./lessons.js";
import { aboutText } from "./share_link.js";
import { TemperatureSlider } from "./temperature_slider.js";

export class Walk {
  view = STATIONS[0]; // the station in view, or "all"
  #activations = null; // in view
  #taught = null; // the sizes of the model that the lessons are about, as JSON
  #slider = new TemperatureSlider();
  #back = create("button", {}, "Back");
  #next = create("button", {}, "Next");
  #links = STATIONS.map((station, i) =>
    create("a", { "data-station": station }, create("b", {}, i + 1), create("span", {}, capitalized(station))),
  );
  #other = create("a", { class: "view" });
  #drawing = create("div");
  #diagram = create("div", { id: "diagram" }, this.#drawing, this.#saveDiagram());
  #lessons = create("div", { id: "lessons" });
  #said = create("p", { class: "said", role: "status" });
  #saveStation = saveButtons(
    () => `${STATIONS.indexOf(this.view) + 1} ${this.#station.ariaLabel}`,
    () => this.#station,
    { label: "Save the numbers as", details: () => this.#about() },
  );

  // `maps` are AttentionMaps. `hrefOf` gives the address of a view; `onView` is called with the one that a person chose.
  constructor(maps, { hrefOf, onView }) {
    Object.assign(this, { maps, hrefOf, onView });
    const list = create("ol", {}, ...this.#links.map((link) => create("li", {}, link)));
    const bar = create("div", { class: "bar" }, this.#back, create("nav", { "aria-label": "Stations" }, list), this.#next);
    this.element = create("div", { class: "walk" }, bar, this.#other, maps.text, this.#diagram, this.#lessons, this.#said);
    this.#back.addEventListener("click", () => this.#step(-1));
    this.#next.addEventListener("click", () => this.#step(1));
    this.element.addEventListener("click", (event) => this.#follow(event));
  }

  // Show Activations (see backend.js). The link that has the focus keeps it.
  show(activations) {
    this.#activations = activations;
    this.#teach(activations.model);
    const links = () => [...this.#diagram.querySelectorAll("a")];
    const focused = links().indexOf(document.activeElement);
    this.#drawing.replaceChildren(drawDiagram(activations));
    links()[focused]?.focus({ preventScroll: true });
    this.#draw();
  }

  // Show a view.
  open(view) {
    if (view === this.view) return;
    this.view = view;
    if (!this.#activations) return; // there is nothing yet to see it of
    this.#draw();
    this.#unfold();
    const at = STATIONS.indexOf(view);
    if (at >= 0) this.#said.textContent = `Station ${at + 1} of ${STATIONS.length}: ${capitalized(view)}`;
  }

  #teach(model) {
    if (JSON.stringify(model) === this.#taught) return;
    this.#taught = JSON.stringify(model);
    const { readout, overview, map } = this.maps;
    const parts = {
      attention: { head: [readout], figure: [map], aside: [overview] },
      probabilities: { figure: [this.#slider.element] },
    };
    overview.classList.toggle("wide", model.n_head > 4);
    this.#lessons.replaceChildren(...drawLessons(model, parts));
    this.#unfold();
  }

  #saveDiagram() {
    return saveButtons("The model, step by step", () => this.#drawing.firstChild, { details: () => this.#about() });
  }

  // What the caption of a saved drawing says.
  #about() {
    const { shown, index, reading } = this.#activations;
    return [`Read up to ${quoted(reading.latest.at(-1)[0])}, character ${index + 1}`, ...aboutText(shown)];
  }

  // The drawing of the station in view.
  get #station() {
    return this.#lesson(this.view).querySelector("svg.station");
  }

  #lesson(station) {
    return this.#lessons.querySelector(`#lesson-${station}`);
  }

  // All on one page, nothing is folded; at a station, what is beyond its first words is.
  #unfold() {
    for (const each of this.#lessons.querySelectorAll("details")) each.open = this.view === "all";
  }

  #draw() {
    const [all, at] = [this.view === "all", STATIONS.indexOf(this.view)];
    this.element.dataset.view = this.view;
    this.#back.ariaDisabled = at === 0;
    this.#next.ariaDisabled = at === STATIONS.length - 1;
    this.#other.dataset.station = all ? STATIONS[0] : "all";
    this.#other.textContent = all ? "One station at a time" : "All on one page";
    for (const link of this.element.querySelectorAll("a[data-station]")) {
      const { station } = link.dataset;
      link.setAttribute("href", this.hrefOf(station));
      link.ariaCurrent = station === this.view ? "step" : null;
    }
    for (const station of STATIONS) this.#lesson(station).hidden = !all && station !== this.view;
    this.#slider.show(this.#activations);
    if (!all && this.view !== "probabilities")
      this.#lesson(this.view).querySelector(".numbers").replaceChildren(drawStation(this.view, this.#activations));
    if (all) return this.#saveStation.remove();
    const place = this.#lesson(this.view).querySelector(".figure");
    if (this.#saveStation.parentElement !== place) place.append(this.#saveStation); // or it keeps the focus
  }

  #step(by) {
    const station = STATIONS[STATIONS.indexOf(this.view) + by];
    if (station) this.#choose(station);
  }

  #choose(view) {
    this.open(view);
    this.onView(view);
    const { top } = this.element.getBoundingClientRect();
    const { bottom } = this.#lessons.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) scrollTo(this.element);
  }

  // A link to a view shows it. All on one page, the stations of the diagram lead to their lessons.
  #follow(event) {
    const link = event.target.closest("a[data-station]");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    const { station } = link.dataset;
    if (this.view !== "all" || link === this.#other) return this.#choose(station);
    const lesson = this.#lesson(station);
    lesson.focus({ preventScroll: true });
    lesson.scrollIntoView();
  }
}
