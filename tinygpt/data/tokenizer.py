"""The character-level tokenizer, and normalization of text that has characters outside its vocabulary."""

import unicodedata
from collections import Counter

# Plain spellings of the typographic characters that keyboards and word processors insert.
_PLAIN = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', '"': "'",
    "–": "-", "‐": "-", "‑": "-", "−": "-", "—": "--", "―": "--",
    "…": "...", "\t": " ", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i",
    "\u2028": "\n", "\u2029": "\n", "\x85": "\n",
}  # fmt: skip
_MAX_LISTED = 8  # distinct characters named in one note or error


class TextEncoderDecoder:
    """Maps characters to ids: a character's id is its position in the sorted set of the training text's characters."""

    def __init__(self, text: str):
        """Build the vocabulary from a text, or restore it from the `vocabulary` of another tokenizer.

        Raises ValueError when the text is empty.
        """
        if not text:
            raise ValueError("the text is empty: a vocabulary needs at least one character")
        self.vocabulary = "".join(sorted(set(text)))
        self._ids = {character: i for i, character in enumerate(self.vocabulary)}

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`. Raises ValueError, listing them, for characters outside the vocabulary."""
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            unknown = Counter(_printable(c) for c in text if c not in self._ids)
            raise ValueError(
                f"characters the model does not know: {_join(unknown)}; normalize() replaces or drops them"
            ) from None

    def decode(self, ids: list[int]) -> str:
        """Return the text of `ids`. Raises ValueError for an id outside the vocabulary."""
        size = self.vocab_size
        for id in ids:
            if not 0 <= id < size:
                raise ValueError(f"id {id} is outside the vocabulary of {size} characters")
        return "".join([self.vocabulary[id] for id in ids])

    def normalize(self, text: str) -> tuple[str, list[str]]:
        """Rewrite `text` in the characters of the vocabulary, so that `encode` accepts it.

        Line ends become newlines. A character outside the vocabulary is replaced by its nearest
        spelling inside it (straight quotes, hyphens, no accent, the other case), or dropped if
        there is none.

        Returns the text, and for each kind of change a sentence to show to a person; no sentence
        when nothing changed.
        """
        notes = ["Changed line ends to plain ones."] if "\r" in text else []
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        unknown = Counter(character for character in text if character not in self._ids)
        nearest = {character: self._nearest(character) for character in unknown}
        changed = Counter({f"{_printable(c)} to {_printable(n)}": unknown[c] for c, n in nearest.items() if n})
        dropped = Counter({_printable(c): unknown[c] for c, n in nearest.items() if not n})
        if changed:
            notes.append(f"Changed {_join(changed)}.")
        if dropped:
            notes.append(f"Removed {_join(dropped)}: not among the characters the model knows.")
        return "".join(nearest.get(character, character) for character in text), notes

    def _nearest(self, character: str) -> str:
        """The nearest spelling of an unknown character in known ones, or "" if there is none."""
        plain = _PLAIN.get(character)
        bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
        # A plain spelling may be unknown too and have a plainer one: “ is written as ", and that as '.
        plainer = plain and _PLAIN.get(plain)
        candidates = [plain, plainer, bare, character.swapcase(), bare.swapcase()]
        return next((c for c in candidates if c and all(part in self._ids for part in c)), "")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)


def _join(counts: Counter) -> str:
    """List what was counted, the most frequent first, as in "é to e (3 times), ü to u and 2 more"."""
    shown = [f"{what} ({n} times)" if n > 1 else what for what, n in counts.most_common(_MAX_LISTED)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
