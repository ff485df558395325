"""ui/ladder.py: one prompt and one seed at several temperatures."""

import re
from html import unescape

import pytest

from tinygpt import SampleConfig
from tinygpt.ui.ladder import MOST, read_temperatures, rungs
from tinygpt.writing import Draft


def drafts(*texts: str) -> list[Draft]:
    settings = SampleConfig(seed=1)
    return [
        Draft(prompt="", continuation=text, sureness="", notes=(), settings=settings, seconds=1.0) for text in texts
    ]


def shown(html: str) -> list[str]:
    return [unescape(re.sub("<[^>]*>", "", each)) for each in re.findall(r'<div class="leaf">(.*?)</div>', html, re.S)]


@pytest.mark.parametrize(
    "texts", [("abc", "abd", "xbd"), ("same", "same"), ("", "a"), ("ab", "a"), ("<i>&", "<b>&"), ("one",)], ids=str
)
def test_each_text_is_shown_unchanged_whatever_it_is(texts):
    assert shown(rungs(drafts(*texts))) == list(texts)


def test_each_text_is_marked_where_it_parts_from_the_one_before_it():
    assert re.findall("<mark>(.*?)</mark>", rungs(drafts("abc", "abd", "xbd", "xbd"))) == ["d", "x"]


def test_temperatures_are_numbers_with_commas():
    assert read_temperatures("0, 0.5,1.2 ,") == [0.0, 0.5, 1.2]


@pytest.mark.parametrize("text", ["", "hot", "0.5;1", ",", ", ".join(["1"] * (MOST + 1))])
def test_what_are_no_temperatures_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="temperatures must be"):
        read_temperatures(text)
