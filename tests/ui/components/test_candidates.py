"""The panel of candidates for one character of the text."""

import re
from dataclasses import replace

import numpy as np

from tinygpt.inference.inspection import Candidates
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.candidates import candidates_html
from tinygpt.ui.services.displayed_text import DisplayedText
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
