"""Looking at one character of the continuation: who else could have stood there, and what becomes of them."""

from dataclasses import dataclass, replace
from html import escape

import gradio as gr
import numpy as np
from gradio.components import Component

from tinygpt.config import SampleConfig
from tinygpt.inspection import Candidates
from tinygpt.ui.api import QUIET, told
from tinygpt.ui.recipe import Recipe
from tinygpt.ui.shelf import Shelf

SHOWN = 10  # candidates that are there at once; the others open on demand
_NAMES = {"\n": "new line", " ": "space"}


@dataclass(frozen=True)
class Shown:
    """The text on a visitor's page, and a place in it that is looked at."""

    recipe: Recipe
    continuation: str
    place: int | None = None

    def at(self, place: int) -> "Shown":
        """The same text, looked at elsewhere. Raises ValueError where there is no character."""
        if type(place) is not int or not 0 <= place < len(self.continuation):
            raise ValueError("there is no character to look at")
        return replace(self, place=place)

    def steered(self, character: str) -> Recipe:
        """What is to be written once `character` stands at the place that is looked at; later choices are void."""
        recipe = self.recipe
        if recipe.settings.beam_width:  # a beam cannot be bent: from here on the text is greedy
            settings = replace(recipe.settings, beam_width=None, temperature=0)
            before = dict(enumerate(self.continuation[: self.place]))
        else:
            settings, before = recipe.settings, {at: kept for at, kept in recipe.chosen.items() if at < self.place}
        return replace(recipe, settings=settings, chosen=before | {self.place: character})


def looking(
    shelf: Shelf, menu: gr.Dropdown, shown: gr.State, leaf: gr.HTML, look: gr.HTML, sliders: list[Component]
) -> None:
    """Show the candidates at a click on a character of `leaf`, and again when temperature, top-k or top-p move.

    Whatever the menu says by then, they are those of the weights that wrote the text.
    """

    def at(
        shown: Shown | None, weights: str, temperature: float, top_k: int, top_p: float, event: gr.EventData
    ) -> tuple:
        try:
            return again(shown.at(told(event, "index")), weights, temperature, top_k, top_p)
        except (AttributeError, ValueError):  # there is no text yet, or no such place in it
            return gr.skip(), gr.skip()

    def again(shown: Shown | None, weights: str, temperature: float, top_k: int, top_p: float) -> tuple:
        if shown is None or shown.place is None:
            return gr.skip(), gr.skip()
        session = shelf.of(shown.recipe.weights_sha256)
        everything = top_k >= shelf[weights].tokenizer.vocab_size  # where the slider ends
        settings = SampleConfig(temperature=temperature, top_k=None if everything else top_k, top_p=top_p)
        candidates = session.candidates(shown.recipe.prompt, shown.continuation[: shown.place], settings)
        return shown, panel(shown, session.tokenizer.vocabulary, candidates)

    leaf.select(at, [shown, menu, *sliders], [shown, look], queue=False, **QUIET)
    moved = [slider.change for slider in sliders]
    gr.on(moved, again, [shown, menu, *sliders], [shown, look], queue=False, trigger_mode="always_last", **QUIET)


def panel(shown: Shown, vocabulary: str, candidates: Candidates) -> str:
    """HTML of the candidates at the place that is looked at, the likeliest first."""
    here = shown.continuation[shown.place]
    order = np.argsort(-candidates.raw_V, kind="stable")
    rows = [_row(vocabulary[id], [part[id] for part in candidates], vocabulary[id] == here) for id in order]
    drawn = "drawn" if shown.recipe.settings.draws else "the likeliest"
    how = "chosen by hand" if shown.place in shown.recipe.chosen else drawn
    others = f"<details><summary>The other {len(rows) - SHOWN}</summary><ul>{''.join(rows[SHOWN:])}</ul></details>"
    return (
        f'<section class="look" aria-label="Candidates"><h2>Character {shown.place + 1:,}: {_name(here)}, {how}</h2>'
        "<p>Press another to put it there; the text goes on from it. "
        '<button class="inside-link">Look inside: how the machine came to it</button></p>'
        '<p class="legend"><i class="raw"></i> the model <i class="tempered"></i> after temperature '
        '<i class="kept"></i> after top-k and top-p: drawn from</p>'
        '<ul><li class="head" aria-hidden="true"><span></span><span></span><span>model</span><span>drawn</span></li>'
        f"{''.join(rows[:SHOWN])}</ul>{others if len(rows) > SHOWN else ''}</section>"
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
