"""The diagram of the model."""

import re
from html import unescape

import pytest

from tinygpt import SampleConfig
from tinygpt.engines.selection import as_engine
from tinygpt.inference.inspection import read_character
from tinygpt.model.gpt import FAMILIES
from tinygpt.ui.components.diagram import Reading, diagram
from tinygpt.ui.components.lessons import lessons


def reading(model, tokenizer, text: str, **changes) -> Reading:
    activations = as_engine(model).activations(tokenizer.encode(text))
    read = read_character(activations, 1, 0, SampleConfig(temperature=0.8), position=0)
    fields = {
        "config": model.config,
        "vocabulary": tokenizer.vocabulary,
        "text": text,
        "layer": 1,
        "head": 0,
        "attention": read.attention,
        "layers": read.layers,
        "logits_V": read.logits_V,
        "probabilities_V": read.candidates.kept_V,
        "settings": "at temperature 0.8",
        "next_character": "e",
        "uniform": 0.25,
        "not_sampled": "",
    }
    return Reading(**fields | changes)


def words(html: str) -> str:
    return unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)", html)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("prefix", ["T", "The riv", "river g"])
def test_it_shows_the_shapes_and_the_numbers_of_the_text_that_was_read(build, tokenizer, family, prefix):
    model = build(family)
    one = reading(model, tokenizer, prefix)
    C, V = model.config.n_embd, model.config.vocab_size
    shown = words(diagram(one))
    assert f"{len(prefix)} of at most 8 characters; {V} ids" in shown
    assert str(tokenizer.encode(prefix)[-1]) in shown
    assert f"table of {V} × {C}" in shown
    assert f"{C} → {model.config.hidden} → {C}" in shown
    assert f"{one.layers[0].stream_C[0]:.2f}" in shown
    assert f"after block {model.config.n_layer}" in shown
    assert f"{one.logits_V.max():.1f}" in shown
    assert f"{100 * one.probabilities_V.max():.0f} %" in shown
    assert f"{one.attention.score:.2f}; after softmax: {100 * one.attention.weights_T.max():.0f} %" in shown
    assert "the random number is 0.2500: that is “e”" in shown


def test_it_says_if_nothing_was_sampled_or_nothing_came_next(build, tokenizer):
    by_hand = reading(build(), tokenizer, "The", uniform=None, not_sampled="chosen by hand")
    assert "“e” came next, chosen by hand" in words(diagram(by_hand))
    assert "here the text ends" in words(diagram(reading(build(), tokenizer, "The", uniform=None, next_character="")))


def test_characters_of_the_text_are_escaped(build, tokenizer):
    vocabulary = tokenizer.vocabulary[:-3] + "&<\U0001f600"
    html = diagram(reading(build(), tokenizer, "The", vocabulary=vocabulary, next_character="<"))
    assert "“<”" in words(html)
    assert "“<”" not in html


def test_every_station_leads_to_a_lesson(build, tokenizer):
    links = re.findall(r'href="#([^"]+)"', diagram(reading(build(), tokenizer, "The")))
    assert len(links) == 8
    for family in FAMILIES:
        assert set(links) <= set(re.findall(r'id="([^"]+)"', lessons(build(family).config, teachers=0)))
