"""Texts side by side, as HTML: what the tabs that compare have in common."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from tinygpt.memorised import SHORTEST

Stretches = Sequence[tuple[int, int]]  # each a first place and the one after the last
_HERE = ' class="here" aria-current="true"'


class Column(NamedTuple):
    """A headed text."""

    heading: str
    text: str = ""
    marked: int | None = None  # a place in the text
    by_heart: Stretches = ()  # what the training text has too
    name: str = ""  # by which the page's scripts find it
    here: bool = False  # the one that the visitor asked for
    link: str = ""  # where the text can be had again


def side_by_side(columns: Sequence[Column]) -> str:
    """The texts, each unchanged below its heading."""
    sections = "".join(
        f'<section data-name="{escape(column.name)}"{_HERE if column.here else ""}><h2>{escape(column.heading)}</h2>'
        f'<div class="leaf">{_set(column)}</div>{_link(column)}</section>'
        for column in columns
    )
    return f'<div class="side-by-side">{sections}</div>'


def legend(by_heart: Iterable[Stretches]) -> str:
    """What the underlining of texts tells; nothing where there is none."""
    return f"Underlined: {SHORTEST} characters or more that stand in the training text." if any(by_heart) else ""


def _link(column: Column) -> str:
    if not column.link:
        return ""
    label = escape(f"Link to the text under {column.heading}")
    return f'<a href="{escape(column.link)}" target="_blank" aria-label="{label}">Link</a>'


def _set(column: Column) -> str:
    """The text in pieces that are of one kind throughout."""
    marked = [] if column.marked is None else [column.marked, column.marked + 1]
    ends = (end for stretch in column.by_heart for end in stretch)
    return "".join(
        _piece(column, first, last) for first, last in pairwise(sorted({0, len(column.text), *marked, *ends}))
    )


def _piece(column: Column, first: int, last: int) -> str:
    piece = escape(column.text[first:last])
    if first == column.marked:
        piece = f"<mark>{piece}</mark>"
    known = any(begin <= first < end for begin, end in column.by_heart)
    return f'<u class="by-heart">{piece}</u>' if known else piece
