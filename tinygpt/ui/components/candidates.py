"""The candidates for one character of the text, as data: how likely each character was at its position."""

import gradio as gr
import numpy as np
from gradio.components import Component

from tinygpt.config import SampleConfig
from tinygpt.inference.inspection import Candidates
from tinygpt.ui.components.controls import sampling_settings
from tinygpt.ui.components.events import Data, answer, calls, event_value, on_call, on_load
from tinygpt.ui.services.displayed_text import DisplayedText, read_displayed_text
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import Registry

_DIGITS = 6  # of a probability, after the point


def build_candidates() -> gr.HTML:
    """Lay out the panel."""
    return gr.HTML(html_template="", elem_id="candidates", js_on_load=on_load("candidates"))


def show_candidates(registry: Registry, menu: gr.HTML, panel: gr.HTML, sliders: list[Component]) -> None:
    """Answer when the page asks for candidates, with the current temperature, top-k and top-p of `sliders`.

    They come from the weights that wrote the text, whatever the menu of weights says by then.
    """

    def select(
        weights: str, temperature: float, top_k: int, top_p: float, latest: LatestCall, event: gr.EventData
    ) -> str:
        def compute() -> Data:
            session, displayed = read_displayed_text(registry, event_value(event, "link"), event_value(event, "text"))
            displayed = displayed.at(event_value(event, "position"))
            settings = sampling_settings(registry[weights].tokenizer.vocab_size, temperature, top_k, top_p)
            before = displayed.text[: displayed.position]
            candidates = session.candidates(displayed.prompt, before, SampleConfig(**settings))
            return candidates_data(displayed, session.tokenizer.vocabulary, candidates)

        return answer(event, latest, compute)

    on_call(panel.select, "candidates", select, [menu, *sliders, gr.State(LatestCall())], panel)
    gr.on([slider.change for slider in sliders], None, js=f"() => {calls('inspectAgain')}")


def candidates_data(displayed: DisplayedText, vocabulary: str, candidates: Candidates) -> Data:
    """The candidates for the inspected character, the likeliest first."""
    order = np.argsort(-candidates.raw_V, kind="stable")
    sampled = "sampled" if displayed.link.request.uses_seed else "the likeliest"
    return {
        "position": displayed.position,
        "character": displayed.text[displayed.position],
        "how": "chosen by hand" if displayed.position in displayed.link.forced else sampled,
        "candidates": [
            [vocabulary[id], *(round(float(probabilities_V[id]), _DIGITS) for probabilities_V in candidates)]
            for id in order
        ],
    }
