"""The panel of candidates for one character of the text."""

import json
from dataclasses import replace

import gradio as gr
import numpy as np

from tinygpt.inference.inspection import Candidates
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.candidates import candidates_data, show_candidates
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

LINK = ShareLink(GenerationRequest(prompt="My", seed=1), "0" * 64)


def test_candidates_are_listed_the_likeliest_first():
    part = np.array([0.1, 0.6, 0.3])
    data = candidates_data(DisplayedText(LINK, "My", "<ab\n", 0), '\n"<', Candidates(part, part[::-1], part))
    assert data["candidates"] == [['"', 0.6, 0.6, 0.6], ["<", 0.3, 0.1, 0.3], ["\n", 0.1, 0.3, 0.1]]
    assert (data["position"], data["character"]) == (0, "<")


def test_it_is_told_how_the_character_was_chosen():
    part = np.array([0.5, 0.5])
    for forced, changes, how in (
        ({}, {}, "sampled"),
        ({0: "<"}, {}, "chosen by hand"),
        ({}, {"strategy": "greedy"}, "the likeliest"),
    ):
        link = replace(LINK, request=replace(LINK.request, **changes), forced=forced)
        assert candidates_data(DisplayedText(link, "My", "<", 0), "<a", Candidates(part, part, part))["how"] == how


def test_what_no_page_sends_and_weights_that_are_gone_are_refused_in_the_panel(weights):
    with gr.Blocks() as page:
        sliders, registry = [gr.Slider() for _ in range(3)], Registry(Session(weights))
        show_candidates(registry, gr.Dropdown(), gr.HTML(), sliders)
    select = next(each.fn for each in page.fns.values() if each.name == "select")
    link = replace(LINK, weights_sha256=registry[MAIN].facts["weights_sha256"]).json()

    def refused(**call: object) -> str:
        data = gr.EventData(None, {"call": 1, "link": link, "text": "abc"} | call)
        answer = json.loads(select(MAIN, 1.0, 28, 1.0, LatestCall(), data))
        return "" if "candidates" in answer else answer["status"][0][1]

    assert not refused(position=2)
    for position in (-1, 3, 10**30, 0.5, True, "0", None):
        assert "There is no character" in refused(position=position)
    assert "The weights that wrote this text are no longer here" in refused(position=0, link=LINK.json())
    assert "This link is damaged or incomplete" in refused(position=0, link=None)
    assert "There is no such text" in refused(position=0, text=None)
