// Charts: curves in a frame that fits any width, with labels that keep their size, and buttons on some points.

import { axesOf } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { create } from "./dom.js";
import { saveButtons } from "./figures.js";
import { shape } from "./svg.js";

// Draw a chart into an element, with buttons that save it. `caption` says what the curves show. `axis` holds the names of
// the axes, { x, y }, and with `logX` or `logY` an axis is logarithmic: its values must be above 0. `curves` are { name,
// points: [[x, y], ...] }, the most prominent one first. `marks` are buttons { x, y, label }; `onSelect` is called with
// the x of one that is pressed. A mark that is `still` is no button. `details` are lines for the caption of a saved chart.
export const drawChart = (element, data, onSelect) => {
  const { caption, axis, curves, marks = [] } = data;
  if (!drawn.has(element)) drawn.set(element, { buttons: buttonsFor(element) });
  const chart = drawn.get(element);
  chart.data = data;
  const legend = curves.map(({ name }, i) => create("span", { class: `curve-${i}` }, name));
  const figure = create(
    "figure",
    { class: "chart" },
    create("figcaption", {}, caption, ...legend),
    create("p", { class: "axis" }, axis.y),
    plot(axis, curves, marks, onSelect),
    create("p", { class: "axis x" }, axis.x),
  );
  if (chart.buttons.parentElement === element) element.firstChild.replaceWith(figure);
  else element.replaceChildren(figure, chart.buttons);
};

const drawn = new WeakMap(); // what each element shows, and its buttons: these stay, and one that has the focus keeps it
const buttonsFor = (element) => {
  const data = () => drawn.get(element).data;
  return saveButtons(
    () => data().caption,
    () => chartFigure(data()),
    { details: () => data().details ?? [] },
  );
};

// Curves of losses as curves of numbers of letters: a loss is the logarithm of the number among which one would be as
// unsure.
export const inLetters = (curves) =>
  curves.map(({ name, points }) => ({ name, points: points.map(([step, loss]) => [step, Math.exp(loss)]) }));

// Mark the button at an x, and no other one; null for none.
export const selectMark = (element, selected) => {
  for (const button of element.querySelectorAll(".plot button")) {
    if (Number(button.dataset.x) === selected) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
};

const plot = (axis, curves, marks, onSelect) => {
  if (!curves.some(({ points }) => points.length) && !marks.length) return create("div", { class: "plot" });
  const { across, up } = axesOf(curves, marks, axis);
  const tick = (name, side, place) => (value) =>
    create("span", { class: name, style: `${side}: ${place(value)}%` }, value.toLocaleString("en-US"));
  const mark = ({ x, y, label, still = false }) => {
    const style = `left: ${across.place(x)}%; bottom: ${up.place(y)}%`;
    if (still) return create("span", { class: "still", role: "img", style, "aria-label": label, title: label });
    const button = create("button", { type: "button", style, "data-x": x, "aria-label": label, title: label });
    button.addEventListener("click", () => onSelect(x));
    return button;
  };
  return create(
    "div",
    { class: "plot" },
    lines(curves, across.place, up.place),
    ...across.ticks.map(tick("x", "left", across.place)),
    ...up.ticks.map(tick("y", "bottom", up.place)),
    ...marks.map(mark),
  );
};

const lines = (curves, across, up) => {
  const line = ({ points }, i) => {
    const path = points.map(([x, y]) => `${across(x).toFixed(2)},${(100 - up(y)).toFixed(2)}`);
    return shape("polyline", { class: `curve-${i}`, points: path.join(" ") });
  };
  const frame = { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" };
  return shape("svg", frame, curves.map(line));
};
