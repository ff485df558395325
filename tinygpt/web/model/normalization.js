// Normalization: rewriting a text in the characters that a vocabulary has, as tinygpt/data/normalization.py does it.

// The typographic spellings of a plain one, as keyboards and word processors insert them. Where the plain one is
// unknown, the first that is known stands for it.
const TYPOGRAPHIC = {
  "'": "’‘›‹‚‛′`´ʼ׳",
  '"': "”“»„«‟″״",
  "--": "—―–",
  "-": "‐‑–−",
  "...": "…",
};
const OPENING = { "'": "‚‘‹", '"': "„“«" }; // those tried first where a quotation begins
const PLAIN = {
  ...Object.fromEntries(
    Object.entries(TYPOGRAPHIC).flatMap(([plain, spellings]) => [...spellings].map((each) => [each, plain])),
  ),
  // Spellings plainer still, and letters that Unicode does not decompose.
  ...{ '"': "'", "-": "--", "\t": " ", "⁄": "/", "\u2028": "\n", "\u2029": "\n", "\x85": "\n" },
  ...{ ß: "ss", æ: "ae", Æ: "AE", œ: "oe", Œ: "OE", ø: "o", Ø: "O", ł: "l", Ł: "L" },
  ...{ đ: "d", Đ: "D", ð: "d", þ: "th", Þ: "Th", ı: "i" },
};
const QUOTATION_MARKS = new Set("'" + '"' + TYPOGRAPHIC["'"] + TYPOGRAPHIC['"']);
const BEFORE_QUOTATIONS = new Set("([{<–—-");
const JOINS = "\\p{M}\\u1160-\\u11ff"; // what is written into the letter before it: marks, or the rest of a Korean syllable
const MAX_MARKS = 3; // that are spelled together with their letter; more are not found in any language
const SPACE = /[\p{Z}\t-\r\x1c-\x1f\x85]/u;

const codeOf = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
const isMark = (character) => /\p{M}/u.test(character);
const joins = (character) => new RegExp(`[${JOINS}]`, "u").test(character);
// Whether a mark has a place of its own in Unicode's order: it then moves before one that is always the last.
const isCombining = (mark) => mark === "\u0345" || `\u0345${mark}`.normalize("NFD") !== `\u0345${mark}`;
const swapCase = (text) =>
  [...text]
    .map((each) =>
      /\p{Lowercase}/u.test(each) ? each.toUpperCase() : /\p{Uppercase}/u.test(each) ? each.toLowerCase() : each,
    )
    .join("");

// Spells text in the characters of one vocabulary.
export class Normalizer {
  #known;
  #composed = new Map(); // from a letter and its marks to the known character that is the same
  #compatible = new Map(); // from a plain spelling to the known character that looks like it
  #pieces;

  constructor(vocabulary) {
    this.#known = new Set(vocabulary);
    for (const character of vocabulary) {
      const [decomposed, plain] = [character.normalize("NFD"), character.normalize("NFKD")];
      if (decomposed !== character && !this.#composed.has(decomposed)) this.#composed.set(decomposed, character);
      if (plain !== decomposed && !this.#compatible.has(plain)) this.#compatible.set(plain, character);
    }
    const known = [...vocabulary].map(codeOf).join("");
    const passage = `(?:(?![${JOINS}])[${known}](?![${JOINS}]))+`;
    this.#pieces = new RegExp(`${passage}|\\.{3}|--|.[${JOINS}]{0,${MAX_MARKS}}`, "gsu");
  }

  // The pieces of a text, each with its nearest spelling in known characters, or "" if there is none: [piece, spelling].
  //
  // A piece is a passage of known characters, which stays as it is; or a unit with one that is unknown: a character with
  // its marks, "..." or "--".
  spelled(text) {
    const nearest = new Map();
    let opening = true;
    return this.#cut(text).map((piece) => {
      const key = `${opening} ${piece}`;
      if (!nearest.has(key)) nearest.set(key, this.#nearest(piece, opening));
      opening = opensQuotation(piece, opening);
      return [piece, nearest.get(key)];
    });
  }

  #cut(text) {
    return this.#knows(text) ? (text ? [text] : []) : text.match(this.#pieces);
  }

  // The nearest known spelling of a unit, or "". `opening` is whether a quotation would begin there.
  #nearest(unit, opening) {
    if (this.#knows(unit)) return unit;
    for (const spelling of this.#spellings(unit, opening)) if (spelling && this.#knows(spelling)) return spelling;
    const characters = [...unit];
    if (characters.length === 1) return "";
    return characters.map((each) => (isMark(each) ? "" : this.#nearest(each, opening))).join("");
  }

  // Spellings of a unit that is not known, the nearest first. They may be empty or unknown, too.
  *#spellings(unit, opening) {
    yield* this.#equivalent(unit);
    for (let plain = unit; plain; plain = PLAIN[plain]) {
      yield plain;
      if (opening) yield* OPENING[plain] ?? "";
      yield* TYPOGRAPHIC[plain] ?? "";
    }
    const compatible = unit.normalize("NFKD");
    const bare = [...compatible].filter((each) => !isCombining(each));
    yield bare.join("");
    yield this.#compatible.get(compatible) ?? "";
    yield* this.#equivalent(swapCase(unit));
    if (bare.join("") !== unit) {
      const parts = bare.map((each) => this.#nearest(each, opening));
      yield parts.every(Boolean) ? parts.join("") : "";
    }
  }

  // A letter with its marks in the forms that Unicode holds equal, the most composed first. Then the same without the
  // marks that are unknown.
  *#equivalent(unit) {
    const [letter, ...marks] = unit.normalize("NFD");
    const orders = [marks, ...marks.map((mark, i) => [mark, ...marks.slice(0, i), ...marks.slice(i + 1)]).slice(1)];
    const forms = orders
      .flatMap((order) =>
        [...Array(marks.length + 1).keys()].reverse().map((n) => {
          const head = this.#composed.get(letter + order.slice(0, n).join("")) ?? (n ? "" : letter);
          return [head, order.slice(n)];
        }),
      )
      .filter(([head]) => this.#known.has(head));
    for (const [head, rest] of forms) yield head + rest.join("");
    for (const [head, rest] of forms)
      yield head + rest.filter((mark) => this.#known.has(mark) || !joins(mark)).join("");
  }

  #knows(text) {
    for (const character of text) if (!this.#known.has(character)) return false;
    return true;
  }
}

// Whether a quotation mark opens after the piece `before`, given whether one would have in its place.
const opensQuotation = (before, opening) => {
  const last = [...before].findLast((each) => !QUOTATION_MARKS.has(each));
  return last === undefined ? opening : SPACE.test(last) || BEFORE_QUOTATIONS.has(last);
};
