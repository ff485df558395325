// The axes of charts: where values are on them, and which are written beside them.

// The axes of a chart: along the bottom, and up its side.
export const axesOf = (curves, marks, { logX, logY }) => {
  const points = [...curves.flatMap((curve) => curve.points), ...marks.map(({ x, y }) => [x, y])];
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  return { across: scale(xs, logX), up: scale(ys, logY) };
};

// An axis that holds some values: `place` maps a value to a percentage of its length, and `ticks` are the round values
// to write beside it.
const scale = (values, log = false) => {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) [low, high] = log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
  const along = log ? Math.log : Number;
  const place = (value) => (100 * (along(value) - along(low))) / (along(high) - along(low));
  return { place, ticks: (log && decades(low, high)) || steps(low, high) };
};

// About five values with even steps between them.
const steps = (low, high) => {
  const power = 10 ** Math.floor(Math.log10((high - low) / 2));
  const step = power * [1, 2, 5].find((times) => (high - low) / (times * power) <= 6);
  return multiples(step, low, high);
};

// Powers of ten, and where these are few, their doubles and halves, too; null where they are still few.
const decades = (low, high) => {
  for (const digits of [[1], [1, 2, 5]]) {
    const powers = multiples(1, Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))).map(
      (exponent) => 10 ** exponent,
    );
    const ticks = powers.flatMap((power) => digits.map((digit) => round(digit * power)));
    const inside = ticks.filter((tick) => low <= tick && tick <= high);
    if (inside.length > 2) return inside;
  }
  return null;
};

const multiples = (step, low, high) => {
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(round(n * step));
  return found;
};
const round = (value) => Number(value.toPrecision(12));
