"""The tab Compare: one prompt and one seed at several temperatures, or with two settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.tabs.compare import MAX_TEMPERATURES, comparison, heading, in_words, read_settings, read_temperatures

FIRST = GenerationRequest(prompt="A", length=400, seed=1)


def written(text: str = "abc", notes: tuple[str, ...] = (), **settings) -> Continuation:
    request = replace(GenerationRequest(seed=1), **settings)
    return Continuation(request=request, prompt="", text=text, confidence="", notes=notes, seconds=1.0)


def columns(*texts: Continuation, **options) -> list[tuple[str, str]]:
    return [(each["heading"], each["caption"]) for each in comparison(texts, **options)["columns"]]


@pytest.fixture(scope="module")
def registry(weights: Path) -> Registry:
    registry = Registry(Session(weights))
    registry.add("page-1", weights)
    return registry


def test_each_text_stands_under_its_settings():
    data = comparison([written("<i>&"), written(temperature=1.25)], [[(0, 2)], []], ["#a", "#b"])
    assert [(each["heading"], each["text"], each["link"]) for each in data["columns"]] == [
        ("Temperature 0.8", "<i>&", "#a"),
        ("Temperature 1.25", "abc", "#b"),
    ]
    assert "Underlined" in data["status"][0][1]


def test_what_a_temperature_does_is_told_in_words():
    said = {0: "always the likeliest letter", 0.5: "careful", 0.8: "balanced", 1: "just as it learned", 1.2: "wild"}
    assert {temperature: in_words(replace(FIRST, temperature=temperature)) for temperature in said} == said
    assert in_words(replace(FIRST, temperature=2)) == "almost at random"


@pytest.mark.parametrize(
    ("settings", "named", "meaning"),
    [
        ({"temperature": 1.2, "top_k": 5}, "Temperature 1.2, top-k 5", "wild, among the 5 likeliest letters"),
        ({"top_k": 1}, "Temperature 0.8, top-k 1", "balanced, the likeliest letter only"),
        ({"top_p": 0.9}, "Temperature 0.8, top-p 0.9", "balanced, among the likeliest letters that add up to 90%"),
        ({"strategy": "greedy", "top_k": 5}, "Greedy", "always the likeliest letter"),
        ({"strategy": "beam"}, "Beam search, width 4", "the likeliest text that the search finds"),
    ],
)
def test_settings_are_told_in_words(settings: dict, named: str, meaning: str):
    request = replace(FIRST, **settings)
    assert (heading(request), in_words(request)) == (named, meaning)


def test_texts_of_different_weights_stand_under_their_names():
    assert columns(written(), written(), weights=["one", "two"]) == [
        ("one", "Temperature 0.8: balanced"),
        ("two", "Temperature 0.8: balanced"),
    ]
    assert columns(written(), written(temperature=0.5), weights=["one", "two"]) == [
        ("one: temperature 0.8", "balanced"),
        ("two: temperature 0.5", "careful"),
    ]


def test_what_only_one_of_the_weights_cannot_read_is_noted_with_its_name():
    texts = [written(notes=("É became E.",)), written()]
    notes = [line for kind, line in comparison(texts, weights=["one", "two"])["status"] if kind == "note"]
    assert notes == ["one: É became E."]
    same = [written(notes=("É became E.",))] * 2
    assert ("note", "É became E.") in comparison(same)["status"]


def test_settings_that_are_not_given_are_the_defaults_and_weights_the_chosen_ones(registry: Registry):
    one, two = read_settings(registry, "page-1", FIRST, [{"temperature": 1.2}, {"strategy": "greedy", "top_k": 3}])
    assert one.request == replace(FIRST, temperature=1.2)
    assert two.request == replace(FIRST, strategy="greedy", top_k=3)
    assert one.session is two.session is registry["page-1"]
    assert one.weights == two.weights == ""


def test_each_side_has_the_weights_that_it_names(registry: Registry):
    sha256 = registry[MAIN].facts["weights_sha256"][:12]
    one, two = read_settings(registry, "page-1", FIRST, [{"weights": sha256}, {}])
    assert (one.session, two.session) == (registry[MAIN], registry["page-1"])
    assert one.weights != two.weights
    with pytest.raises(ValueError, match="not on this page: choose others"):
        read_settings(registry, MAIN, FIRST, [{"weights": "0" * 12}, {}])


@pytest.mark.parametrize("side", [None, "0.5", [], {"prompt": "B"}, {"seed": 2}, {"length": 5_000}, {"x": 1}])
def test_what_is_no_setting_is_refused(registry: Registry, side: object):
    with pytest.raises(ValueError, match="do not belong to this page"):
        read_settings(registry, MAIN, FIRST, [{}, side])


@pytest.mark.parametrize("side", [{"temperature": 3}, {"top_k": 0}, {"top_p": "x"}, {"strategy": []}])
def test_a_setting_out_of_bounds_is_refused_by_its_name(registry: Registry, side: dict):
    with pytest.raises(ValueError, match=f"{next(iter(side))} must be"):
        read_settings(registry, MAIN, FIRST, [{}, side])


def test_temperatures_are_numbers_separated_by_commas():
    assert read_temperatures("0, 0.5,1.2 ,") == [0.0, 0.5, 1.2]


@pytest.mark.parametrize("text", ["", "hot", "0.5;1", ",", ", ".join(["1"] * (MAX_TEMPERATURES + 1))])
def test_anything_but_temperatures_is_refused(text):
    with pytest.raises(ValueError, match="temperatures must be"):
        read_temperatures(text)
