"""Characters to ids and back, and what becomes of characters that the model has never seen."""

import unicodedata
from collections import Counter

# The nearest plain spelling of what keyboards and word processors put in a text.
_PLAIN = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', '"': "'",
    "–": "-", "‐": "-", "‑": "-", "−": "-", "—": "--", "―": "--",
    "…": "...", "\t": " ", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i",
    "\u2028": "\n", "\u2029": "\n", "\x85": "\n",
}  # fmt: skip
_SHOWN = 8  # distinct characters that one note names


class TextEncoderDecoder:
    """Maps each character to an id: its place in the sorted set of the training text's characters."""

    def __init__(self, text: str):
        """Build the vocabulary from a text, or from a saved vocabulary (itself such a set).

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
        """The ids of `text`. Raises ValueError listing the characters that have none."""
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            unknown = Counter(c for c in text if c not in self._ids)
            raise ValueError(
                f"characters the model does not know: {_listed(unknown)}; normalise() replaces or drops them"
            ) from None

    def decode(self, ids: list[int]) -> str:
        """The text of `ids`. Raises ValueError for an id outside the vocabulary."""
        try:
            # A negative index would count from the end and pass for a character.
            return "".join([self.vocabulary[i if i >= 0 else self.vocab_size] for i in ids])
        except IndexError:
            wrong = next(i for i in ids if not 0 <= i < self.vocab_size)
            raise ValueError(f"id {wrong} is outside the vocabulary of {self.vocab_size} characters") from None

    def normalise(self, text: str) -> tuple[str, list[str]]:
        """`text` in known characters only, and a note for a person on each kind of change.

        A character the vocabulary lacks becomes its nearest known spelling where there is one
        (a curly quote, a dash, an accent, the other case) and is left out where there is none.
        """
        notes = ["Changed line ends to plain ones."] if "\r" in text else []
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        unknown = Counter(character for character in text if character not in self._ids)
        nearest = {character: self._nearest(character) for character in unknown}
        changed = Counter({f"{_name(c)} to {n}": unknown[c] for c, n in nearest.items() if n})
        dropped = Counter({_name(c): unknown[c] for c, n in nearest.items() if not n})
        if changed:
            notes.append(f"Changed {_join(changed)}.")
        if dropped:
            notes.append(f"Left out {_join(dropped)}: not among the characters the model knows.")
        return "".join(nearest.get(character, character) for character in text), notes

    def _nearest(self, character: str) -> str:
        """The closest spelling of an unknown character in known ones, "" where there is none."""
        plain = _PLAIN.get(character)
        bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
        candidates = [plain, plain and _PLAIN.get(plain), bare, character.swapcase(), bare.swapcase()]
        return next((c for c in candidates if c and all(part in self._ids for part in c)), "")


def _name(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _listed(counts: Counter) -> str:
    return _join(Counter({_name(character): n for character, n in counts.items()}))


def _join(counts: Counter) -> str:
    """What is counted, the most frequent first: é to e (3 times), ü to u and 2 more."""
    shown = [f"{what} ({n} times)" if n > 1 else what for what, n in counts.most_common(_SHOWN)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
