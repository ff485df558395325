"""Texts side by side, as data, for the tabs that compare texts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tinygpt.data.memorization import MIN_LENGTH

Spans = Sequence[tuple[int, int]]  # (start, end) of parts of a text; the end is exclusive


class Column(NamedTuple):
    """A text under a heading."""

    heading: str
    text: str = ""
    memorized: Spans = ()  # parts that occur in the training text
    name: str = ""  # for the page's scripts
    selected: bool = False  # the one that the visitor asked for
    link: str = ""  # writes the text again


def columns_data(columns: Sequence[Column]) -> list[dict]:
    """The columns as the page's scripts draw them."""
    return [column._asdict() for column in columns]


def legend(memorized: Iterable[Spans]) -> str:
    """What the underlining means; "" if nothing is underlined."""
    return (
        f"Underlined: passages of {MIN_LENGTH} characters or more that occur in the training text."
        if any(memorized)
        else ""
    )
