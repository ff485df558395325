"""Texts side by side, as data, for the tabs that compare texts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tinygpt.data.memorization import MIN_LENGTH
from tinygpt.inference.continuation import Continuation
from tinygpt.ui.components.status import Line

Spans = Sequence[tuple[int, int]]  # (start, end) of parts of a text; the end is exclusive


class Column(NamedTuple):
    """A text under a heading."""

    name: str  # for the page's scripts
    heading: str
    caption: str  # a sentence or two below the heading
    detail: str = ""  # an exact figure for the caption, shown on demand
    text: str = ""
    memorized: Spans = ()  # parts that occur in the training text
    link: str = ""  # writes the text again


def columns_data(columns: Sequence[Column]) -> list[dict]:
    """The columns as the page's scripts draw them."""
    return [column._asdict() for column in columns]


def lines_below(
    continuation: Continuation, *sentences: str, memorized: Iterable[Spans] = (), ended: str = ""
) -> list[Line]:
    """What is said of texts that share their prompt and their seed, one of which is given.

    `ended` says why they ended early. What the underlining means is added if anything is underlined.
    """
    if any(memorized):
        sentences += (f"Underlined: passages of {MIN_LENGTH} or more characters copied from the training text.",)
    if ended:
        sentences += (f"{ended.capitalize()}.",)
    shared = f"All texts have the same prompt and seed ({continuation.request.seed})."
    return [("status", " ".join([shared, *sentences])), *(("note", note) for note in continuation.notes)]
