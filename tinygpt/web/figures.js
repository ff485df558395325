// Saving figures: as an SVG that needs nothing of the page, or as a picture of twice its size.

import { pngOf, saveOrShare } from "./browser.js";
import { create } from "./dom.js";
import { shape } from "./svg.js";
import { paint } from "./svg_canvas.js";
import { colorOf, lettering, plain, serialized, wellFormed } from "./svg_file.js";
import { FAMILY, measuring, setLines } from "./typesetting.js";

const SCALE = 2; // pixels of a picture for each unit of a figure
const MARGIN = 16; // around a figure and its caption, in its units
const NARROWEST = 320; // so that the caption has room
const LEADING = 1.4; // of its lines

// Buttons that save a figure. `figure` returns the SVG element to save or, if it can only be a picture, the canvas, drawn
// at twice its size. `name` is what the file is called, and the title of its caption: words, or a function that returns
// them. `details` returns the other lines of the caption, above that with the name of the page; `formats` are those that
// are offered.
export const saveButtons = (name, figure, options = {}) => {
  const { details = () => [], formats = ["SVG", "PNG"], label = "Save as" } = options;
  const problem = create("span", { class: "note", role: "alert" });
  const save = async (format) => {
    problem.textContent = "";
    try {
      const title = typeof name === "function" ? name() : name;
      const lines = [title, [...details(), document.title].join(" · ")].map(wellFormed);
      const content = await CONTENTS[format](figure(), lines, element);
      await saveOrShare(new File([content], `${fileName(title)}.${format.toLowerCase()}`, { type: content.type }));
    } catch (error) {
      problem.textContent = `It could not be saved (${error.message}): try again, or in another browser.`;
      throw error;
    }
  };
  const button = (format) => {
    const element = create("button", { type: "button", "aria-label": `${label} ${format}` }, format);
    element.addEventListener("click", () => save(format));
    return element;
  };
  const element = create("p", { class: "save" }, label, ...formats.map(button), problem);
  return element;
};

const fileName = (title) =>
  title
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu)
    .join("-");

const CONTENTS = {
  SVG: (svg, lines, place) => new Blob([serialized(captioned(svg, lines, place))], { type: "image/svg+xml" }),
  PNG: (figure, lines, place) => {
    const svg = captioned(figure, lines, place);
    const [width, height] = ["width", "height"].map((side) => SCALE * svg.getAttribute(side));
    const canvas = create("canvas", { width, height });
    const context = canvas.getContext("2d");
    context.scale(SCALE, SCALE);
    paint(context, svg);
    if (isCanvas(figure)) context.drawImage(figure, MARGIN, MARGIN, figure.width / SCALE, figure.height / SCALE);
    return pngOf(canvas);
  },
};

const isCanvas = (figure) => figure instanceof HTMLCanvasElement;

// A figure with the lines of a caption below it, in the colors of an element of the page; of a canvas, only its place.
const captioned = (figure, lines, place) => {
  const { x, y, width, height } = isCanvas(figure)
    ? { x: 0, y: 0, width: figure.width / SCALE, height: figure.height / SCALE }
    : figure.viewBox.baseVal;
  const [words, bottom] = caption(lines, MARGIN + height, Math.max(width, NARROWEST), place);
  const across = Math.ceil(Math.max(width, NARROWEST) + 2 * MARGIN);
  const down = Math.ceil(bottom + MARGIN);
  return shape(
    "svg",
    { width: across, height: down, viewBox: `0 0 ${across} ${down}` },
    shape("title", {}, lines[0]),
    shape("rect", { width: across, height: down, fill: colorOf(groundOf(place)).color }),
    shape("g", { transform: `translate(${MARGIN - x} ${MARGIN - y})` }, isCanvas(figure) ? [] : partsOf(figure, place)),
    words,
  );
};

// The lines of a caption below y, of which the first is its title, and where they end.
const caption = (lines, y, width, place) => {
  const { color } = colorOf(getComputedStyle(place).color);
  const words = lines.flatMap((line, i) => {
    const [size, weight] = i ? [13, 400] : [15, 500];
    const measure = measuring((context) => (context.font = `${weight} ${size}px ${FAMILY}`));
    return setLines([{ kind: "", text: line }], width, measure).map((pieces) => {
      y += LEADING * size;
      const words = pieces.map(({ text }) => text.trimEnd()).join("");
      const type = { "font-size": size, "font-weight": weight, ...lettering(measure(words)) };
      return shape("text", { x: MARGIN, y, fill: color, ...type }, words);
    });
  });
  return [words, y];
};

// What a drawing consists of. One that is not on the page is there for the moment in which its styles are asked for.
const partsOf = (svg, place) => {
  const isThere = svg.isConnected;
  if (!isThere) place.append(svg);
  const parts = [...svg.children].flatMap(plain);
  if (!isThere) svg.remove();
  return parts;
};

// The color behind an element.
const groundOf = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const { backgroundColor } = getComputedStyle(each);
    if (colorOf(backgroundColor).alpha > 0) return backgroundColor;
  }
  return "rgb(255, 255, 255)";
};
