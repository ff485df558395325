// The character-level tokenizer, as tinygpt/data/tokenizer.py has it: text to ids and back. Text in other characters is
// normalized first.

import { NAMES } from "./character_names.js";
import { ValueError, isPrintable } from "./fields.js";
import { Normalizer } from "./normalization.js";

const MAX_LISTED = 8; // distinct characters named in one note or error
const BLANK = new Set("\u115f\u1160\u2800\u3164\uffa0"); // letters and symbols that nothing is seen of

export class TextEncoderDecoder {
  #ids;
  #normalizer;

  // From the vocabulary: all characters in the order of their ids.
  constructor(vocabulary) {
    this.vocabulary = [...vocabulary];
    this.#ids = new Map(this.vocabulary.map((character, id) => [character, id]));
    this.#normalizer = new Normalizer(vocabulary);
  }

  get vocabSize() {
    return this.vocabulary.length;
  }

  knows(character) {
    return this.#ids.has(character);
  }

  // The ids of a text. Throws ValueError, listing them, for characters outside the vocabulary.
  encode(text) {
    const characters = [...text];
    const unknown = characters.filter((each) => !this.knows(each));
    if (unknown.length) {
      const listed = join(unknown.map(visible));
      throw new ValueError(`characters the model does not know: ${listed}; normalize() replaces or drops them`);
    }
    return characters.map((each) => this.#ids.get(each));
  }

  decode(ids) {
    return ids.map((id) => this.vocabulary[id]).join("");
  }

  // A text in the characters of the vocabulary, and for each kind of change a sentence to show to a person:
  // { text, notes }. Line ends become newlines. A character outside the vocabulary is replaced by its nearest spelling
  // inside it, or dropped if there is none.
  normalize(text) {
    const notes = text.includes("\r") ? ["Changed line ends to plain ones."] : [];
    const spelled = this.#normalizer.spelled(withNewlines(text));
    const changes = spelled.filter(([unit, nearest]) => nearest && nearest !== unit);
    if (changes.length) notes.push(`Changed ${join(changes.map(change))}.`);
    const removed = dropped(spelled);
    if (removed) notes.push(`Removed ${removed}: not among the characters the model knows.`);
    return { text: spelled.map(([, nearest]) => nearest).join(""), notes };
  }

  // A list for a person of what `normalize` would drop, as in "7 (2 times), U+0000"; "" if that is nothing.
  unspellable(text) {
    return dropped(this.#normalizer.spelled(withNewlines(text)));
  }
}

const withNewlines = (text) => text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");

const change = ([unit, nearest]) => {
  const looksTheSame = unit.normalize("NFC") === nearest.normalize("NFC");
  return looksTheSame ? `the Unicode form of ${nearest}` : `${visible(unit)} to ${visible(nearest)}`;
};

const dropped = (spelled) => join(spelled.filter(([, nearest]) => !nearest).map(([unit]) => visible(unit)));

// A unit as it is, or the name of a character in it that cannot be seen by itself, such as "tab".
const visible = (unit) => {
  const characters = [...unit];
  const alone = characters.length === 1 && /\p{M}/u.test(unit); // an accent without a letter
  const hidden = characters.filter((each) => alone || each === " " || !isPrintable(each) || BLANK.has(each));
  return hidden.map(nameOf).join(" and ") || unit;
};

const nameOf = (character) => {
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return NAMES[code] ?? `U+${code}`;
};

// A list of words, each one once, the most frequent first, as in "é to e (3 times), ü to u and 2 more".
const join = (words) => {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const ordered = [...counts].sort(([, one], [, other]) => other - one);
  const shown = ordered.slice(0, MAX_LISTED).map(([word, count]) => (count > 1 ? `${word} (${count} times)` : word));
  const more = counts.size - shown.length;
  return shown.join(", ") + (more ? ` and ${more} more` : "");
};
