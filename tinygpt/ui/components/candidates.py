"""The panel of candidates: how likely each character was at one position of the continuation."""

from html import escape

import gradio as gr
import numpy as np
from gradio.components import Component

from tinygpt.config import SampleConfig
from tinygpt.inference.inspection import Candidates
from tinygpt.ui.components.characters import shown
from tinygpt.ui.components.controls import sampling_settings
from tinygpt.ui.components.events import QUIET, event_value
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.registry import Registry

SHOWN = 10  # candidates shown at once; the others are folded
_NAMES = {"\n": "new line", " ": "space"}


def show_candidates(
    registry: Registry,
    menu: gr.Dropdown,
    displayed: gr.State,
    output_pane: gr.HTML,
    panel: gr.HTML,
    sliders: list[Component],
) -> None:
    """Show the candidates in `panel` when a character is selected, and again when temperature, top-k or top-p change.

    They come from the weights that wrote the text, whatever the menu of weights says by then.
    """

    def select(
        displayed: DisplayedText | None, weights: str, temperature: float, top_k: int, top_p: float, event: gr.EventData
    ) -> tuple:
        if displayed is None:  # no text yet
            return gr.skip(), gr.skip()
        try:
            displayed = displayed.at(event_value(event, "index"))
        except ValueError:  # a forged event
            return gr.skip(), gr.skip()
        return update(displayed, weights, temperature, top_k, top_p)

    def update(displayed: DisplayedText | None, weights: str, *settings: float) -> tuple:
        if displayed is None or displayed.position is None:
            return gr.skip(), gr.skip()
        session = registry.of(displayed.link.weights_sha256)
        config = SampleConfig(**sampling_settings(registry[weights].tokenizer.vocab_size, *settings))
        before = displayed.text[: displayed.position]
        candidates = session.candidates(displayed.prompt, before, config)
        return displayed, candidates_html(displayed, session.tokenizer.vocabulary, candidates)

    output_pane.select(select, [displayed, menu, *sliders], [displayed, panel], queue=False, **QUIET)
    changed = [slider.change for slider in sliders]
    inputs = [displayed, menu, *sliders]
    gr.on(changed, update, inputs, [displayed, panel], queue=False, trigger_mode="always_last", **QUIET)


def candidates_html(displayed: DisplayedText, vocabulary: str, candidates: Candidates) -> str:
    """The candidates for the inspected character as HTML, the likeliest first."""
    current = displayed.text[displayed.position]
    order = np.argsort(-candidates.raw_V, kind="stable")
    rows = [_row(vocabulary[id], [part[id] for part in candidates], vocabulary[id] == current) for id in order]
    sampled = "sampled" if displayed.link.request.uses_seed else "the likeliest"
    how = "chosen by hand" if displayed.position in displayed.link.forced else sampled
    others = f"<details><summary>The other {len(rows) - SHOWN}</summary><ul>{''.join(rows[SHOWN:])}</ul></details>"
    return (
        '<section class="candidates" aria-label="Candidates">'
        f"<h2>Character {displayed.position + 1:,}: <bdi>{escape(shown(current, _NAMES))}</bdi>, {how}</h2>"
        "<p>Choose another to put it here; the text continues from it. "
        '<button class="inside-link">Look inside: how the model came to it</button></p>'
        '<p class="legend"><i class="raw"></i> the model <i class="tempered"></i> after temperature '
        '<i class="kept"></i> after top-k and top-p: sampled from</p>'
        '<ul><li class="head" aria-hidden="true"><span></span><span></span><span>model</span><span>sampled</span></li>'
        f"{''.join(rows[:SHOWN])}</ul>{others if len(rows) > SHOWN else ''}</section>"
    )


def _row(character: str, probabilities: list[float], current: bool) -> str:
    bars = "".join(
        f'<i class="{kind}" style="width:{100 * probability:.2f}%"></i>'
        for kind, probability in zip(("raw", "tempered", "kept"), probabilities, strict=True)
    )
    name = shown(character, _NAMES)
    label = f"{name}, {100 * probabilities[0]:.1f} %" + (", the current one" if current else "")
    attributes = f'data-character="{escape(character)}" aria-label="{escape(label)}"'
    return (
        f"<li{' class=here' if current else ''}><button {attributes}{' disabled' if current else ''}>"
        f'<b><bdi>{escape(name)}</bdi></b><span class="bars">{bars}</span>'
        f"<span>{100 * probabilities[0]:.1f} %</span><span>{100 * probabilities[2]:.1f} %</span></button></li>"
    )
