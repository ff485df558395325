// A diagram of the whole model as SVG, with the numbers of one text: from its characters to the next one.

import { STATIONS } from "./lessons.js";
import { LEFT, RIGHT, stationOf } from "./stations.js";
import { circle, path, rect, shape, text } from "./svg.js";

const WIDTH = 360; // of the diagram; the arrow back to the top is to the right of the stations

// Draw Activations (see backend.js). Each station is a link, which says its name in data-station.
export const drawDiagram = (activations) => {
  const parts = [];
  let y = 0;
  STATIONS.forEach((name, i) => {
    const { title, height, shapes } = stationOf(name, activations);
    if (i) parts.push(path("flow", `M${WIDTH / 2} ${y - 10}v8m-3 -4l3 4l3 -4`));
    const number = [circle("disc", LEFT + 9, 17, 9), text(LEFT + 9, 21.5, i + 1, "number")];
    const heading = [...number, text(LEFT + 25, 22, title, "title")];
    const ground = rect("ground", 1, 1, RIGHT + 5, height + 34);
    const station = group(`translate(0 ${y})`, ground, heading, group("translate(0 32)", shapes));
    parts.push(shape("a", { href: `#tab=inside&station=${name}`, "data-station": name }, station));
    y += height + 47;
  });
  const back = path("flow", `M${RIGHT + 6} ${y - 30}h7V40h-7m4 -3l-4 3l4 3`);
  const turned = { class: "again", transform: `translate(${WIDTH + 5} ${y / 2}) rotate(-90)` };
  const again = shape("text", turned, "repeat, one character longer");
  const attributes = { class: "diagram", viewBox: `0 0 ${WIDTH + 10} ${y}`, role: "group" };
  return shape("svg", { ...attributes, "aria-label": "The model, step by step" }, parts, back, again);
};

// Draw a station of Activations by itself.
export const drawStation = (name, activations) => {
  const { title, height, shapes } = stationOf(name, activations);
  const attributes = { class: "station", viewBox: `${LEFT - 1} -1 ${RIGHT - LEFT + 2} ${height + 2}`, role: "group", "aria-label": title };
  return shape("svg", attributes, shapes);
};

const group = (transform, ...children) => shape("g", { transform }, ...children);
