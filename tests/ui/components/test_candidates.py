"""The panel of candidates for one character of the text."""

import re
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from tinygpt.inference.inspection import Candidates
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.candidates import candidates_html, show_candidates
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

LINK = ShareLink(GenerationRequest(prompt="My", seed=1), "0" * 64)


def test_candidates_are_listed_the_likeliest_first_and_escaped():
    part = np.array([0.1, 0.6, 0.3])
    html = candidates_html(DisplayedText(LINK, "My", "<ab\n", 0), '\n"<', Candidates(part, part, part))
    assert re.findall(r'data-character="([^"]*)"', html) == ["&quot;", "&lt;", "\n"]
    assert "<<" not in html
    assert "new line" in html
    assert 'aria-label="&lt;, 30.0 %' in html
    assert html.count(" disabled") == 1  # the current one cannot be chosen


def test_the_heading_says_how_the_character_was_chosen():
    part = np.array([0.5, 0.5])
    for forced, changes, how in (
        ({}, {}, "sampled"),
        ({0: "<"}, {}, "chosen by hand"),
        ({}, {"strategy": "greedy"}, "the likeliest"),
    ):
        link = replace(LINK, request=replace(LINK.request, **changes), forced=forced)
        html = candidates_html(DisplayedText(link, "My", "<", 0), "<a", Candidates(part, part, part))
        assert f"Character 1: <bdi>&lt;</bdi>, {how}</h2>" in html


def test_a_forged_position_is_passed_over_and_weights_that_are_gone_are_not(weights):
    with gr.Blocks() as page:
        sliders = [gr.Slider() for _ in range(3)]
        show_candidates(Registry(Session(weights)), gr.Dropdown(), gr.State(), gr.HTML(), gr.HTML(), sliders)
    select = next(each.fn for each in page.fns.values() if each.name == "select")

    def selected(displayed: DisplayedText | None, data: object) -> tuple:
        return select(displayed, MAIN, 1.0, 0, 1.0, gr.EventData(None, data))

    for index in (-1, 3, 10**30, 0.5, True, "0", None):
        assert selected(DisplayedText(LINK, "My", "abc"), {"index": index}) == (gr.skip(), gr.skip())
    assert selected(DisplayedText(LINK, "My", "abc"), None) == selected(None, {"index": 0}) == (gr.skip(), gr.skip())
    with pytest.raises(ValueError, match="there are no weights called"):
        selected(DisplayedText(LINK, "My", "abc"), {"index": 0})
