// A chart as one SVG drawing, to be saved: on the page, its labels are elements that keep their size.

import { axesOf } from "./axes.js";
import { circle, path, shape, text } from "./svg.js";

const [WIDTH, HEIGHT] = [420, 220]; // of the frame
const [LEFT, RIGHT] = [40, 20]; // room beside it, for labels
const LINE = 18; // of the legend above it

// The drawing of a chart, from what drawChart takes.
export const chartFigure = ({ axis, curves, marks = [] }) => {
  const { across, up } = axesOf(curves, marks, axis);
  const top = LINE * (curves.length + 1) + 16;
  const x = (value) => LEFT + (WIDTH * across.place(value)) / 100;
  const y = (value) => top + (HEIGHT * (100 - up.place(value))) / 100;
  const bottom = top + HEIGHT;
  const lines = curves.map(({ points }, i) =>
    shape("polyline", {
      class: `curve-${i}`,
      points: points.map((point) => `${x(point[0]).toFixed(2)},${y(point[1]).toFixed(2)}`).join(" "),
    }),
  );
  return shape(
    "svg",
    { class: "drawing", viewBox: `0 0 ${LEFT + WIDTH + RIGHT} ${bottom + 48}` },
    curves.map(({ name }, i) => [
      shape("polyline", { class: `curve-${i}`, points: `0,${11 + LINE * i} 24,${11 + LINE * i}` }),
      text(32, 16 + LINE * i, name),
    ]),
    text(0, top - 12, axis.y),
    path("flow", `M${LEFT} ${top}V${bottom}H${LEFT + WIDTH}`),
    across.ticks.map((value) => text(x(value), bottom + 18, words(value), "middle")),
    up.ticks.map((value) => text(LEFT - 6, y(value) + 4, words(value), "end")),
    lines,
    marks.map((mark) => circle("mark", x(mark.x), y(mark.y), 5)),
    text(LEFT + WIDTH / 2, bottom + 40, axis.x, "middle"),
  );
};

const words = (value) => value.toLocaleString("en-US");
