"""Texts side by side as HTML, for the tabs that compare texts."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from tinygpt.data.memorization import MIN_LENGTH

Spans = Sequence[tuple[int, int]]  # (start, end) of parts of a text; the end is exclusive
_SELECTED = ' class="here" aria-current="true"'


class Column(NamedTuple):
    """A text under a heading."""

    heading: str
    text: str = ""
    marked: int | None = None  # the position of a highlighted character
    memorized: Spans = ()  # parts that occur in the training text
    name: str = ""  # for the page's scripts
    selected: bool = False  # the one that the visitor asked for
    link: str = ""  # writes the text again


def side_by_side(columns: Sequence[Column]) -> str:
    """The texts, each unchanged under its heading."""
    sections = "".join(
        f'<section data-name="{escape(column.name)}"{_SELECTED if column.selected else ""}>'
        f'<h2>{escape(column.heading)}</h2><div class="output-text">{_marked_up(column)}</div>{_link(column)}</section>'
        for column in columns
    )
    return f'<div class="side-by-side">{sections}</div>'


def legend(memorized: Iterable[Spans]) -> str:
    """What the underlining means; "" if nothing is underlined."""
    return (
        f"Underlined: passages of {MIN_LENGTH} characters or more that occur in the training text."
        if any(memorized)
        else ""
    )


def _link(column: Column) -> str:
    if not column.link:
        return ""
    label = escape(f"Link to the text under {column.heading}")
    return f'<a href="{escape(column.link)}" target="_blank" aria-label="{label}">Link</a>'


def _marked_up(column: Column) -> str:
    """The text as HTML, cut where a marked character or a memorized span begins or ends."""
    marked = [] if column.marked is None else [column.marked, column.marked + 1]
    ends = (end for span in column.memorized for end in span)
    cuts = sorted({0, len(column.text), *marked, *ends})
    return "".join(_piece(column, start, end) for start, end in pairwise(cuts))


def _piece(column: Column, start: int, end: int) -> str:
    piece = escape(column.text[start:end])
    if start == column.marked:
        piece = f"<mark>{piece}</mark>"
    memorized = any(first <= start < last for first, last in column.memorized)
    return f'<u class="memorized">{piece}</u>' if memorized else piece
