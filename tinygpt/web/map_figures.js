// Attention maps to be saved: one as a drawing, with its characters where they have room, and all as a picture.

import { create, shown } from "./dom.js";
import { rect, shape, text } from "./svg.js";
import { FAMILY } from "./typesetting.js";

const SIZE = 480; // about the width of a map, in units of two pixels
const SMALL = 256; // about that of one among all, in pixels
const SHADES = 32;
const [SMALLEST, LARGEST] = [5, 40]; // cells with letters beside them
const MASK = 28; // the tint of what no character attends to, of 255
const SIGNS = { "\n": "↵", " ": "␣" };

// The map of a head, where the row of one character is marked. `rootAt` gives the square root of the attention weight
// from a row to a column, times 255: the opacity of their cell.
export const mapFigure = ({ characters, here, rootAt }) => {
  const count = characters.length;
  const pixels = Math.max(1, Math.round((2 * SIZE) / count)); // whole ones, or lines would show between cells
  const cell = Math.min(LARGEST, pixels / 2);
  const labels = cell < SMALLEST ? [] : characters.map((character, n) => label(shown(character, SIGNS), n, cell));
  const room = labels.length ? 1.5 * cell : 0;
  const [size, corner] = [cell * count, -room - 1];
  const whole = size + room + 2;
  return shape(
    "svg",
    { class: "drawing", viewBox: `${corner} ${corner} ${whole} ${whole}` },
    labels,
    shape("g", { transform: `scale(${cell})` }, cells(count, rootAt)),
    rect("edge", 0, 0, size, size),
    rect("row", 0, cell * here, cell * (here + 1), cell),
  );
};

// A letter to the left of its row, and above its column.
const label = (letter, n, cell) => {
  const [along, across] = [(n + 0.8) * cell, -0.3 * cell];
  const letters = [text(across, along, letter, "end"), text(along - 0.3 * cell, across, letter, "middle")];
  for (const each of letters) each.style.fontSize = `${0.85 * cell}px`;
  return letters;
};

// The cells of each shade as one outline, in which neighbors in a row are one rectangle.
const cells = (count, rootAt) => {
  const outlines = Array(SHADES + 1).fill("");
  for (let row = 0; row < count; row++)
    for (let column = 0, end; column < count; column = end) {
      const shade = shadeOf(row, column, rootAt);
      for (end = column + 1; end < count && shadeOf(row, end, rootAt) === shade; end++);
      outlines[shade] += `M${column} ${row}h${end - column}v1h${column - end}z`;
    }
  return outlines.flatMap((d, shade) =>
    shade && d ? shape("path", { class: "cell", opacity: shade / SHADES, "shape-rendering": "crispEdges", d }) : [],
  );
};
const shadeOf = (row, column, rootAt) => Math.round((SHADES * (column > row ? MASK : rootAt(row, column))) / 255);

// The maps of all heads in rows of `heads`, one for each block: canvases with a pixel for each cell. `element` gives the
// colors.
export const mapsFigure = (maps, heads, element) => {
  const count = maps[0].width;
  const size = count > SMALL ? SMALL : count * Math.round(SMALL / count);
  const [gap, left, top] = [16, 90, 36];
  const canvas = create("canvas", {
    width: left + heads * (size + gap),
    height: top + (maps.length / heads) * (size + gap),
  });
  const context = canvas.getContext("2d");
  const { color } = getComputedStyle(element);
  Object.assign(context, {
    font: `26px ${FAMILY}`,
    fillStyle: color,
    strokeStyle: color,
    imageSmoothingEnabled: false,
  });
  maps.forEach((map, n) => {
    const [layer, head] = [Math.floor(n / heads), n % heads];
    const [x, y] = [left + head * (size + gap), top + layer * (size + gap)];
    if (!layer) context.fillText(`head ${head + 1}`, x, top - 12);
    if (!head) context.fillText(`block ${layer + 1}`, 0, y + size / 2);
    context.drawImage(map, x, y, size, size);
    context.globalAlpha = 0.3;
    context.strokeRect(x - 1, y - 1, size + 2, size + 2);
    context.globalAlpha = 1;
  });
  return canvas;
};
