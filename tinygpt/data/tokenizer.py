"""The character-level tokenizer: text to ids and back. Text in other characters is normalized first."""

import unicodedata
from collections import Counter

from tinygpt.data.normalization import Normalizer

_MAX_LISTED = 8  # distinct characters named in one note or error
_CONTROLS = {"\t": "tab", "\n": "new line"}  # Unicode has no names for them
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that nothing is seen of


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
        self._normalizer = Normalizer(self.vocabulary)

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`. Raises ValueError, listing them, for characters outside the vocabulary."""
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            unknown = Counter(_visible(c) for c in text if c not in self._ids)
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
        spelling inside it (another Unicode form of the same character, straight or curly quotes, hyphens,
        no accent, the other case), or dropped if there is none.

        Returns the text, and for each kind of change a sentence to show to a person; no sentence
        when nothing changed.
        """
        notes = ["Changed line ends to plain ones."] if "\r" in text else []
        spelled = self._normalizer.spelled(_with_newlines(text))
        if changed := Counter(_change(unit, nearest) for unit, nearest in spelled if nearest not in ("", unit)):
            notes.append(f"Changed {_join(changed)}.")
        if dropped := _dropped(spelled):
            notes.append(f"Removed {dropped}: not among the characters the model knows.")
        return "".join(nearest for _, nearest in spelled), notes

    def unspellable(self, text: str) -> str:
        """List for a person what `normalize` would drop, as in "7 (2 times), U+0000"; "" if that is nothing."""
        return _dropped(self._normalizer.spelled(_with_newlines(text)))


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _change(unit: str, nearest: str) -> str:
    if unicodedata.normalize("NFC", unit) == unicodedata.normalize("NFC", nearest):
        return f"the Unicode form of {nearest}"  # the two look the same
    return f"{_visible(unit)} to {_visible(nearest)}"


def _dropped(spelled: list[tuple[str, str]]) -> str:
    return _join(Counter(_visible(unit) for unit, nearest in spelled if not nearest))


def _visible(unit: str) -> str:
    """A unit as it is, or the name of a character in it that cannot be seen by itself, such as "tab"."""
    alone = len(unit) == 1 and unicodedata.category(unit)[0] == "M"  # an accent without a letter
    hidden = (c for c in unit if alone or c.isspace() or not c.isprintable() or c in _BLANK)
    return " and ".join(map(_name, hidden)) or unit


def _name(character: str) -> str:
    named = _CONTROLS.get(character) or unicodedata.name(character, "").lower()
    return named or f"U+{ord(character):04X}"


def _join(counts: Counter) -> str:
    """List what was counted, the most frequent first, as in "é to e (3 times), ü to u and 2 more"."""
    shown = [f"{what} ({n} times)" if n > 1 else what for what, n in counts.most_common(_MAX_LISTED)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
