"""The tab Temperature: one prompt and one seed at several temperatures."""

import re
from html import unescape

import pytest

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.tabs.temperature import MAX_TEMPERATURES, comparison, read_temperatures


def continuations(*texts: str) -> list[Continuation]:
    request = GenerationRequest(seed=1)
    return [Continuation(request=request, prompt="", text=text, confidence="", notes=(), seconds=1.0) for text in texts]


def shown(html: str) -> list[str]:
    return [
        unescape(re.sub("<[^>]*>", "", each))
        for each in re.findall(r'<div class="output-text">(.*?)</div>', html, re.S)
    ]


@pytest.mark.parametrize(
    "texts", [("abc", "abd", "xbd"), ("same", "same"), ("", "a"), ("ab", "a"), ("<i>&", "<b>&"), ("one",)], ids=str
)
def test_each_text_is_shown_unchanged(texts):
    assert shown(comparison(continuations(*texts))) == list(texts)


def test_each_text_is_marked_where_it_differs_from_the_one_before_it():
    assert re.findall("<mark>(.*?)</mark>", comparison(continuations("abc", "abd", "xbd", "xbd"))) == ["d", "x"]


def test_temperatures_are_numbers_separated_by_commas():
    assert read_temperatures("0, 0.5,1.2 ,") == [0.0, 0.5, 1.2]


@pytest.mark.parametrize("text", ["", "hot", "0.5;1", ",", ", ".join(["1"] * (MAX_TEMPERATURES + 1))])
def test_anything_but_temperatures_is_refused(text):
    with pytest.raises(ValueError, match="temperatures must be"):
        read_temperatures(text)
