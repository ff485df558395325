// Painting an SVG of svg_file.js on a canvas, in the page's typeface: as an image, a browser would draw it without.

// Paint an element and all that it consists of.
export const paint = (context, element) => {
  context.save();
  const matrix = element.transform?.baseVal.consolidate()?.matrix;
  if (matrix) context.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
  context.globalAlpha *= element.getAttribute("opacity") ?? 1;
  if (element.localName in OUTLINES) paintShape(context, element);
  else if (element.localName === "text") paintWords(context, element);
  else for (const child of element.children) paint(context, child);
  context.restore();
};

const number = (element, name) => Number(element.getAttribute(name));
const OUTLINES = {
  rect: (element, path) => path.rect(...["x", "y", "width", "height"].map((name) => number(element, name))),
  circle: (element, path) => path.arc(...["cx", "cy", "r"].map((name) => number(element, name)), 0, 2 * Math.PI),
  path: (element, path) => path.addPath(new Path2D(element.getAttribute("d"))),
  polyline: (element, path) => path.addPath(new Path2D(`M${element.getAttribute("points")}`)),
  line: (element, path) => {
    path.moveTo(number(element, "x1"), number(element, "y1"));
    path.lineTo(number(element, "x2"), number(element, "y2"));
  },
};

const paintShape = (context, element) => {
  const path = new Path2D();
  OUTLINES[element.localName](element, path);
  paintWith(context, element, "fill", () => context.fill(path));
  context.lineWidth = element.getAttribute("stroke-width") ?? 1;
  context.setLineDash((element.getAttribute("stroke-dasharray") ?? "").match(/[\d.]+/g)?.map(Number) ?? []);
  paintWith(context, element, "stroke", () => context.stroke(path));
};

const ANCHORS = { middle: "center", end: "right" };
const paintWords = (context, element) => {
  const [style, weight, size, family] = ["style", "weight", "size", "family"].map((name) =>
    element.getAttribute(`font-${name}`),
  );
  context.font = `${style ?? ""} ${weight ?? ""} ${size}px ${family}`;
  context.textAlign = ANCHORS[element.getAttribute("text-anchor")] ?? "left";
  const place = [number(element, "x"), number(element, "y")];
  paintWith(context, element, "fill", () => context.fillText(element.textContent, ...place));
};

// With a color that the element has; nothing is done without.
const paintWith = (context, element, name, act) => {
  const color = element.getAttribute(name);
  if (!color || color === "none") return;
  const before = context.globalAlpha;
  context[`${name}Style`] = color;
  context.globalAlpha *= element.getAttribute(`${name}-opacity`) ?? 1;
  act();
  context.globalAlpha = before;
};
