"""Looking at one character of the continuation: who else could have stood there, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.inspection import Candidates

SHOWN = 10  # candidates that are there at once; the others open on demand
_NAMES = {"\n": "new line", " ": "space"}


@dataclass(frozen=True)
class Shown:
    """The text on a visitor's page: what it takes to write it again, and a place in it that is looked at."""

    prompt: str
    continuation: str
    settings: SampleConfig
    chosen: Mapping[int, str] = field(default_factory=dict)  # by hand, instead of what would have been drawn
    place: int | None = None

    def at(self, place: int) -> "Shown":
        """The same text, looked at elsewhere. Raises ValueError where there is no character."""
        if type(place) is not int or not 0 <= place < len(self.continuation):
            raise ValueError("there is no character to look at")
        return replace(self, place=place)

    def choosing(self, character: str) -> dict[int, str]:
        """The choices by hand, once `character` stands at the place that is looked at; later ones are void."""
        return {place: kept for place, kept in self.chosen.items() if place < self.place} | {self.place: character}


def panel(shown: Shown, vocabulary: str, candidates: Candidates) -> str:
    """HTML of the candidates at the place that is looked at, the likeliest first."""
    here = shown.continuation[shown.place]
    order = np.argsort(-candidates.raw_V, kind="stable")
    rows = [_row(vocabulary[id], [part[id] for part in candidates], vocabulary[id] == here) for id in order]
    how = "chosen by you" if shown.place in shown.chosen else "drawn" if shown.settings.draws else "the likeliest"
    return (
        f'<section class="look" aria-label="Candidates"><p class="caption">Character {shown.place + 1:,}, '
        f"<b>{_name(here)}</b>, {how}. Another one takes its place when you press it, and the text goes on from there.</p>"
        '<p class="legend"><i class="raw"></i>the model <i class="tempered"></i>after temperature '
        '<i class="kept"></i>after top-k and top-p, drawn from</p>'
        f"<ul>{''.join(rows[:SHOWN])}</ul>"
        f"<details><summary>The other {len(rows) - SHOWN}</summary><ul>{''.join(rows[SHOWN:])}</ul></details></section>"
    )


def _row(character: str, shares: list[float], here: bool) -> str:
    bars = "".join(
        f'<i class="{name}" style="width:{100 * share:.2f}%"></i>'
        for name, share in zip(("raw", "tempered", "kept"), shares, strict=True)
    )
    label = f"{_name(character)}, {100 * shares[0]:.1f} %" + (", stands here" if here else "")
    return (
        f'<li{" class=here" if here else ""}><button data-character="{escape(character)}" aria-label="{escape(label)}"'
        f'{" disabled" if here else ""}><b>{_name(character)}</b><span class="bars">{bars}</span>'
        f"<span>{100 * shares[0]:.1f} %</span><span>{100 * shares[2]:.1f} %</span></button></li>"
    )


def _name(character: str) -> str:
    return _NAMES.get(character) or escape(character)
