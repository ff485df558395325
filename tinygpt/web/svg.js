// Shapes of SVG drawings. A shape's `kind` is its CSS class, which gives its colors and type.

const NAMESPACE = "http://www.w3.org/2000/svg";
const SHADES = 5; // of a cell in a band, from the faintest to the full color

// An SVG element with attributes and children; children may be arrays.
export const shape = (tag, attributes, ...children) => {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity));
  return element;
};

// A rectangle by its upper left corner.
export const rect = (kind, x, y, width, height) => shape("rect", { class: kind, x, y, width, height });

// Words whose baseline is at y.
export const text = (x, y, words, kind = "") => shape("text", { class: kind, x, y }, words);

// A line or an outline.
export const path = (kind, d) => shape("path", { class: kind, d });

export const circle = (kind, cx, cy, r) => shape("circle", { class: kind, cx, cy, r });

// Numbers as the cells of a band: one color above zero, another below, deeper for larger numbers. The shade grows with
// the square root, because a few numbers are far larger than the others.
export const band = (values, x, y, width, height) => {
  const largest = Math.max(1e-9, ...values.map(Math.abs));
  const cell = width / values.length;
  const shades = new Map(); // the outlines of the cells of each color and shade
  values.forEach((value, n) => {
    const shade = Math.round(SHADES * Math.sqrt(Math.abs(value) / largest));
    if (!shade) return;
    const key = value > 0 ? shade : -shade;
    const outline = `M${(x + n * cell).toFixed(2)} ${y}h${cell.toFixed(2)}v${height}h-${cell.toFixed(2)}z`;
    shades.set(key, (shades.get(key) ?? "") + outline);
  });
  const cells = [...shades].map(([shade, d]) =>
    shape("path", { class: shade > 0 ? "accent" : "cool", opacity: Math.abs(shade) / SHADES, d }),
  );
  return [cells, rect("frame", x, y, width, height)];
};

// Numbers as bars side by side, `scale` units high for 1, up or down from the line at y = `zero`.
export const bars = (values, x, zero, width, scale) => {
  const pitch = width / values.length;
  const bar = (value, n) =>
    Math.abs(value * scale) > 0.05
      ? `M${(x + n * pitch).toFixed(2)} ${zero}v${(-value * scale).toFixed(2)}h${(0.8 * pitch).toFixed(2)}V${zero}z`
      : "";
  const outlines = (matches) => values.map((value, n) => (matches(value) ? bar(value, n) : "")).join("");
  return [path("accent", outlines((value) => value > 0)), path("cool", outlines((value) => value < 0))];
};
