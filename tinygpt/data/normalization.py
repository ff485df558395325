"""Normalization: rewriting a text in the characters that a vocabulary has."""

import re
import unicodedata
from collections.abc import Iterator

# The typographic spellings of a plain one, as keyboards and word processors insert them. Where the plain one is
# unknown, the first that is known stands for it.
_TYPOGRAPHIC = {
    "'": "’‘›‹‚‛′`´ʼ׳",
    '"': "”“»„«‟″״",
    "--": "—―–",
    "-": "‐‑–−",
    "...": "…",
}
_OPENING = {"'": "‚‘‹", '"': "„“«"}  # those tried first where a quotation begins
_PLAIN = {typographic: plain for plain, spellings in _TYPOGRAPHIC.items() for typographic in spellings}
# Spellings plainer still, and letters that Unicode does not decompose.
_PLAIN |= {
    '"': "'", "-": "--", "\t": " ", "⁄": "/", "\u2028": "\n", "\u2029": "\n", "\x85": "\n",
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i",
}  # fmt: skip
_QUOTATION_MARKS = "'" + '"' + _TYPOGRAPHIC["'"] + _TYPOGRAPHIC['"']
_BEFORE_QUOTATIONS = frozenset("([{<–—-")
_MAX_MARKS = 3  # that are spelled together with their letter; more are not found in any language


class Normalizer:
    """Spells text in the characters of one vocabulary."""

    def __init__(self, vocabulary: str):
        self._known = frozenset(vocabulary)
        self._composed: dict[str, str] = {}  # from a letter and its marks to the known character that is the same
        self._compatible: dict[str, str] = {}  # from a plain spelling to the known character that looks like it
        for character in vocabulary:
            decomposed, plain = (unicodedata.normalize(form, character) for form in ("NFD", "NFKD"))
            if decomposed != character:
                self._composed.setdefault(decomposed, character)
            if plain != decomposed:
                self._compatible.setdefault(plain, character)

    def spelled(self, text: str) -> list[tuple[str, str]]:
        """The pieces of a text, each with its nearest spelling in known characters, or "" if there is none.

        A piece is a passage of known characters, which stays as it is; or a unit with one that is unknown: a character
        with its marks, "..." or "--".
        """
        nearest: dict[tuple[str, bool], str] = {}
        spelled, opening = [], True
        for piece in self._pieces(text):
            key = piece, opening
            if key not in nearest:
                nearest[key] = self._nearest(piece, opening)
            spelled.append((piece, nearest[key]))
            opening = _opens_quotation(piece, opening)
        return spelled

    def _pieces(self, text: str) -> list[str]:
        """Cut a text into passages of known characters and units with unknown ones."""
        if self._knows(text):
            return [text] if text else []
        unknown, marks = (
            "".join(map(re.escape, characters))
            for characters in (set(text) - self._known, filter(_joins, sorted(set(text))))
        )
        no_mark_follows = f"(?![{marks}])" if marks else ""
        with_marks = f"[{marks}]{{0,{_MAX_MARKS}}}" if marks else ""
        return re.findall(rf"(?:[^{unknown}{marks}]{no_mark_follows})+|\.{{3}}|--|.{with_marks}", text, re.DOTALL)

    def _nearest(self, unit: str, opening: bool) -> str:
        """The nearest known spelling of a unit, or "". `opening` is whether a quotation would begin there."""
        if self._knows(unit):
            return unit
        found = next(
            (spelling for spelling in self._spellings(unit, opening) if spelling and self._knows(spelling)), ""
        )
        if found or len(unit) == 1:
            return found
        return "".join(self._nearest(character, opening) for character in unit if not _is_mark(character))

    def _spellings(self, unit: str, opening: bool) -> Iterator[str]:
        """Spellings of a unit that is not known, the nearest first. They may be empty or unknown, too."""
        yield from self._equivalent(unit)
        plain: str | None = unit
        while plain:
            yield plain
            if opening:
                yield from _OPENING.get(plain, "")
            yield from _TYPOGRAPHIC.get(plain, "")
            plain = _PLAIN.get(plain)
        compatible = unicodedata.normalize("NFKD", unit)
        bare = "".join(character for character in compatible if not unicodedata.combining(character))
        yield bare
        yield self._compatible.get(compatible, "")
        yield from self._equivalent(unit.swapcase())
        if bare != unit:
            parts = [self._nearest(character, opening) for character in bare]
            yield "".join(parts) if all(parts) else ""

    def _equivalent(self, unit: str) -> Iterator[str]:
        """A letter with its marks in the forms that Unicode holds equal, the most composed first.

        Then the same without the marks that are unknown.
        """
        decomposed = unicodedata.normalize("NFD", unit)
        letter, marks = decomposed[0], decomposed[1:]
        orders = [marks, *(mark + marks[:i] + marks[i + 1 :] for i, mark in enumerate(marks) if i)]
        forms = [
            (self._composed.get(letter + order[:n], "" if n else letter), order[n:])
            for order in orders
            for n in range(len(marks), -1, -1)
        ]
        forms = [(head, rest) for head, rest in forms if head in self._known]
        yield from (head + rest for head, rest in forms)
        for head, rest in forms:
            yield head + "".join(mark for mark in rest if mark in self._known or not _joins(mark))

    def _knows(self, text: str) -> bool:
        return self._known.issuperset(text)


def _opens_quotation(before: str, opening: bool) -> bool:
    """Whether a quotation mark opens after the piece `before`, given whether one would have in its place."""
    rest = before.rstrip(_QUOTATION_MARKS)
    return (rest[-1].isspace() or rest[-1] in _BEFORE_QUOTATIONS) if rest else opening


def _joins(character: str) -> bool:
    """Whether a character is written into the letter before it: a mark, or the rest of a Korean syllable."""
    return _is_mark(character) or "\u1160" <= character <= "\u11ff"


def _is_mark(character: str) -> bool:
    """Whether a character is an accent, a vowel sign or another mark on a letter."""
    return unicodedata.category(character)[0] == "M"
