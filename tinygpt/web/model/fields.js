// Kinds of bounds, as in tinygpt/fields.py: here bounds are data, and the errors have the same words.

// A mistake of the person who asked: its message is a sentence for them. Any other error is one of this page.
export class ValueError extends Error {}

// A setting out of its bounds: `field` is its name, `problem` what is wrong with it.
export class FieldError extends ValueError {
  constructor(field, problem) {
    super(`${field} ${problem}`);
    Object.assign(this, { field, problem });
  }
}

export const grouped = (number) => number.toLocaleString("en-US"); // 5,000
const plural = (count) => (count === 1 ? "" : "s");
const within = ({ low, high }, value) => low <= value && (high === null || value <= high); // NaN is in no range

// What a field may hold, in words: "from 1 to 8".
const WORDS = {
  integer: ({ low, high }) => (high === null ? `at least ${grouped(low)}` : `from ${grouped(low)} to ${grouped(high)}`),
  number: ({ low, high, above }) =>
    high === null ? `at least ${low}` : above ? `above ${low} and at most ${high}` : `from ${low} to ${high}`,
  text: ({ low, high }) => {
    const number = high ?? low;
    return `at ${high === null ? "least" : "most"} ${grouped(number)} character${plural(number)}`;
  },
};
const of = ({ kind, ...bounds }) => `${bounds.high === null ? "of " : ""}${WORDS[kind](bounds)}`;

const CHECKS = {
  integer: (bounds, name, value) => {
    if (Number.isInteger(value) && within(bounds, value)) return value;
    throw new FieldError(name, `must be a whole number ${of(bounds)}, not ${quoted(value)}`);
  },
  number: (bounds, name, value) => {
    if (Number.isFinite(value) && within(bounds, value) && !(bounds.above && value === bounds.low)) return value;
    throw new FieldError(name, `must be a number ${of(bounds)}, not ${quoted(value)}`);
  },
  text: (bounds, name, value) => {
    if (typeof value !== "string") throw new FieldError(name, `must be a text, not ${typeName(value)}`);
    const length = [...value].length;
    if (within(bounds, length)) return value;
    throw new FieldError(name, `must be a text of ${WORDS.text(bounds)}, not ${grouped(length)}`);
  },
  choice: ({ options }, name, value) => {
    if (options.includes(value)) return value;
    throw new FieldError(name, `must be one of ${options.join(", ")}, not ${quoted(value)}`);
  },
  // A whole number, or its digits in a text: numbers here cannot hold 64 bits. The result is always digits.
  seed: ({ low, high }, name, value) => {
    const bounds = { kind: "integer", low: BigInt(low), high: BigInt(high) };
    const digits = typeof value === "string" ? value.trim() : String(value);
    const number = /^[0-9]{1,20}$/.test(digits) ? BigInt(digits) : null;
    if (number !== null && within(bounds, number)) return String(number);
    throw new FieldError(name, `must be a whole number ${of(bounds)}, not ${number ?? quoted(value)}`);
  },
};

// The value of a field, if it is within its bounds; `optional` ones may be null. Throws FieldError.
export const checked = (bounds, name, value) =>
  value === null && bounds.optional ? null : CHECKS[bounds.kind](bounds, name, value);

// The beginning of a value as Python writes it.
export const quoted = (value, length = 80) => [...repr(value)].slice(0, length).join("");

const repr = (value) => {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return reprOfText(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, each]) => `${repr(name)}: ${repr(each)}`)
      .join(", ")}}`;
  return Number.isFinite(value) ? String(value) : String(value).toLowerCase().replace("infinity", "inf");
};

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const reprOfText = (text) => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const written = [...text].map((each) => {
    if (each === quote) return `\\${each}`;
    return ESCAPES[each] ?? (isPrintable(each) ? each : escaped(each.codePointAt(0)));
  });
  return quote + written.join("") + quote;
};
const escaped = (code) => {
  const [letter, width] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).padStart(width, "0")}`;
};

// Whether a character can be seen, or is a space, as Python's str.isprintable says.
export const isPrintable = (character) => character === " " || !/[\p{Z}\p{C}]/u.test(character);

const typeName = (value) => {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "list";
  const names = { boolean: "bool", number: Number.isInteger(value) ? "int" : "float", object: "dict" };
  return names[typeof value];
};
