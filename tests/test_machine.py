"""The drawing of the machine, and the lessons beside it."""

import re
from html import unescape

import numpy as np
import pytest

from tinygpt import SampleConfig
from tinygpt.inspection import expected
from tinygpt.model import FAMILIES
from tinygpt.ui.lessons import lessons
from tinygpt.ui.machine import Reading, machine
from tinygpt.ui.svg import band


def reading(model, tokenizer, text: str, **changes) -> Reading:
    trace = model.trace(tokenizer.encode(text))
    told = {
        "config": model.config,
        "vocabulary": tokenizer.vocabulary,
        "text": text,
        "trace": trace,
        "layer": 1,
        "head": 0,
        "shares_V": expected(trace.logits_LV[-1], SampleConfig(temperature=0.8)).kept_V,
        "settings": "at temperature 0.8",
        "came": "e",
        "dice": 0.25,
        "undrawn": "",
    }
    return Reading(**told | changes)


def words(html: str) -> str:
    return unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)", html)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("read", ["T", "The riv", "river g"])
def test_it_tells_the_shapes_and_the_numbers_of_the_text_that_was_read(build, tokenizer, family, read):
    model = build(family)
    one = reading(model, tokenizer, read)
    C, V = model.config.n_embd, model.config.vocab_size
    told = words(machine(one))
    assert f"{len(read)} of at most 8 characters; {V} ids" in told
    assert str(tokenizer.encode(read)[-1]) in told
    assert f"table of {V} × {C}" in told
    assert f"{C} → {model.config.hidden} → {C}" in told
    assert f"{one.trace.stream_LC[0][0]:.2f}" in told
    assert f"after block {model.config.n_layer}" in told
    assert f"{one.trace.logits_LV[-1].max():.1f}" in told
    assert f"{100 * one.shares_V.max():.0f} %" in told
    np.testing.assert_allclose(one.attention_T, one.trace.attention()[1, 0, -1], atol=1e-6)
    score = one.trace.queries_LHTD[1, 0, -1] @ one.trace.keys_LHTD[1, 0, one.attention_T.argmax()]
    assert f"{score / model.config.head_size**0.5:.2f}" in told
    assert "the dice show 0.2500: that is “e”" in told


def test_it_says_when_no_dice_were_thrown_and_when_nothing_came_next(build, tokenizer):
    by_hand = reading(build(), tokenizer, "The", dice=None, undrawn="chosen by hand")
    assert "“e” came next, chosen by hand" in words(machine(by_hand))
    assert "here the text ends" in words(machine(reading(build(), tokenizer, "The", dice=None, came="")))


def test_what_a_text_holds_stays_text(build, tokenizer):
    vocabulary = tokenizer.vocabulary[:-3] + "&<\U0001f600"
    html = machine(reading(build(), tokenizer, "The", vocabulary=vocabulary, came="<"))
    assert "“<”" in words(html)
    assert "“<”" not in html


def test_every_station_leads_to_a_lesson(build, tokenizer):
    links = re.findall(r'href="#([^"]+)"', machine(reading(build(), tokenizer, "The")))
    assert len(links) == 8
    for family in FAMILIES:
        assert set(links) <= set(re.findall(r'id="([^"]+)"', lessons(build(family).config, teachers=0)))


def test_the_lessons_fit_the_model(build):
    for family, word, other in (("gpt", "ReLU", "RoPE"), ("qwen3", "RoPE", "ReLU")):
        told = lessons(build(family).config, teachers=4 * (family == "qwen3"))
        assert word in told
        assert other not in told
        assert ("teachers, 4 of them" in told) == (family == "qwen3")


def test_the_cells_of_a_band_are_deep_where_numbers_are_large():
    html = band([0, 4, -4, 1], 0, 0, 40, 10)
    assert re.findall(r'<path class="(\w+)" opacity="([\d.]+)" d="M([\d.]+)', html) == [
        ("accent", "1", "10.00"),
        ("cool", "1", "20.00"),
        ("accent", "0.4", "30.00"),
    ]
    assert "nan" not in band(np.zeros(3), 0, 0, 40, 10)
