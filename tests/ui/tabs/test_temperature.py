"""The tab Temperature: one prompt and one seed at several temperatures."""

from dataclasses import replace

import pytest

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.tabs.temperature import MAX_TEMPERATURES, comparison, read_temperatures


def continuations(*texts: str) -> list[Continuation]:
    request = GenerationRequest(seed=1)
    return [Continuation(request=request, prompt="", text=text, confidence="", notes=(), seconds=1.0) for text in texts]


def test_each_text_stands_under_its_temperature():
    hot = replace(continuations("abc")[0], request=GenerationRequest(seed=1, temperature=1.25))
    data = comparison([*continuations("<i>&"), hot], [[(0, 2)], []], ["#a", "#b"])
    assert [(each["heading"], each["text"], each["link"]) for each in data["columns"]] == [
        ("0.8", "<i>&", "#a"),
        ("1.25", "abc", "#b"),
    ]
    assert "Underlined" in data["status"][0][1]


def test_temperatures_are_numbers_separated_by_commas():
    assert read_temperatures("0, 0.5,1.2 ,") == [0.0, 0.5, 1.2]


@pytest.mark.parametrize("text", ["", "hot", "0.5;1", ",", ", ".join(["1"] * (MAX_TEMPERATURES + 1))])
def test_anything_but_temperatures_is_refused(text):
    with pytest.raises(ValueError, match="temperatures must be"):
        read_temperatures(text)
