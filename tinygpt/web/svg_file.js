// SVG drawings as files: what the page's stylesheets say of a drawing becomes part of it.

import { shape } from "./svg.js";
import { FAMILY } from "./typesetting.js";

const GEOMETRY = [
  "x",
  "y",
  "width",
  "height",
  "rx",
  "cx",
  "cy",
  "r",
  "x1",
  "y1",
  "x2",
  "y2",
  "d",
  "points",
  "transform",
];

// A part of a drawing that is on the page, and all that it consists of, in attributes only. What is hidden is left out.
export const plain = (element) => {
  const style = getComputedStyle(element);
  if (!(element instanceof SVGGraphicsElement) || style.display === "none") return [];
  const given = GEOMETRY.filter((name) => element.hasAttribute(name)).map((name) => [name, element.getAttribute(name)]);
  const attributes = { ...Object.fromEntries(given), ...(style.opacity !== "1" && { opacity: style.opacity }) };
  if (element.matches("svg, g, a")) return shape("g", attributes, [...element.children].map(plain));
  Object.assign(attributes, paintOf("fill", style), paintOf("stroke", style));
  if (!element.matches("text")) return shape(element.localName, attributes);
  return shape("text", { ...attributes, ...typeOf(element, style) }, wellFormed(element.textContent));
};

const paintOf = (name, style) => {
  if (style[name] === "none") return name === "fill" ? { fill: "none" } : {};
  const { color, alpha } = colorOf(style[name]);
  const { strokeWidth, strokeDasharray: dashes } = style;
  return {
    [name]: color,
    ...(alpha < 1 && { [`${name}-opacity`]: alpha }),
    ...(name === "stroke" && strokeWidth !== "1px" && { "stroke-width": parseFloat(strokeWidth) }),
    ...(name === "stroke" && dashes !== "none" && { "stroke-dasharray": dashes.replaceAll("px", "") }),
  };
};

const typeOf = (element, { fontSize, fontWeight, fontStyle, textAnchor }) => ({
  "font-size": parseFloat(fontSize),
  ...(fontWeight !== "400" && { "font-weight": fontWeight }),
  ...(fontStyle !== "normal" && { "font-style": fontStyle }),
  ...(textAnchor !== "start" && { "text-anchor": textAnchor }),
  ...lettering(element.getComputedTextLength()),
});

// The typeface of words of some width, which they keep where another one takes its place.
export const lettering = (width) => ({
  "font-family": FAMILY,
  ...(width > 0 && { textLength: width.toFixed(1), lengthAdjust: "spacingAndGlyphs" }),
  "xml:space": "preserve",
});

// A computed color, as every program reads it: { color, alpha }. Browsers give it as rgb(...), or mixed as color(srgb ...).
export const colorOf = (computed) => {
  const [red, green, blue, alpha = 1] = computed.match(/[\d.]+(e-\d+)?/g).map(Number);
  const scale = computed.startsWith("color(") ? 255 : 1;
  const digits = [red, green, blue].map((part) =>
    Math.round(scale * part)
      .toString(16)
      .padStart(2, "0"),
  );
  return { color: `#${digits.join("")}`, alpha };
};

// Words without the characters that no XML can hold.
export const wellFormed = (words) =>
  words.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd");

// The content of a file.
export const serialized = (svg) => `${new XMLSerializer().serializeToString(svg)}\n`;
