"""inspection.py: what a model thinks at one place of a text."""

import numpy as np
import pytest
import torch

from tinygpt import SampleConfig, fastest
from tinygpt.generation import characters
from tinygpt.inspection import candidates, traced, window_at
from tinygpt.model import FAMILIES
from tinygpt.sampling import probabilities


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_are_those_that_the_text_was_drawn_from_past_the_context_too(build, tokenizer, family):
    model, settings = build(family), SampleConfig(max_new_tokens=40, seed=3, temperature=0.7, top_k=9, top_p=0.9)
    written = list(characters(model, tokenizer, "The river", settings))
    text = "".join(each.text for each in written)
    for place in (0, 1, 5, 20, 39):
        (id,) = tokenizer.encode(text[place])
        for one in (model, fastest(model)):
            found = candidates(one, tokenizer, "The river", text[:place], settings)
            assert found.raw_V[id] == pytest.approx(written[place].probability, rel=1e-4)
            assert found.kept_V[id] > 0
            assert (found.kept_V > 0).sum() <= 9
            for part in found:
                assert part.sum() == pytest.approx(1)


def test_they_show_the_sampler_step_by_step(build, tokenizer):
    model = build()
    with torch.no_grad():
        logits_V = model(torch.tensor([tokenizer.encode("My")]))[0, -1].numpy()
    found = candidates(model, tokenizer, "M", "y", SampleConfig(temperature=0.5, top_k=3))
    np.testing.assert_allclose(found.raw_V, probabilities(logits_V, 1.0), rtol=1e-4)
    np.testing.assert_allclose(found.tempered_V, probabilities(logits_V, 0.5), rtol=1e-4)
    np.testing.assert_allclose(found.kept_V, probabilities(logits_V, 0.5, top_k=3), rtol=1e-4)


def test_at_temperature_0_the_likeliest_has_it_all(build, tokenizer):
    found = candidates(build(), tokenizer, "", "My", SampleConfig(temperature=0))
    assert found.kept_V.max() == 1
    assert found.kept_V.argmax() == found.raw_V.argmax()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_window_at_a_place_is_the_one_whose_reading_gave_the_next_character_its_probability(
    build, tokenizer, family
):
    model, settings = build(family), SampleConfig(max_new_tokens=40, seed=3)
    for prompt in ("The", "The river goes on"):  # shorter and longer than the context
        written = list(characters(model, tokenizer, prompt, settings))
        text = "".join(each.text for each in written)
        for place in range(-1, 39):
            window, here = window_at(model.config, tokenizer, prompt, text, place)
            assert window[here] == (text[place] if place >= 0 else prompt[-1])
            assert len(window) <= model.config.block_size
            expected_V = probabilities(traced(model, tokenizer, window[: here + 1]).logits_LV[-1], temperature=1)
            (next_id,) = tokenizer.encode(text[place + 1])
            assert expected_V[next_id] == pytest.approx(written[place + 1].probability, rel=1e-4)


def test_a_window_goes_on_to_where_the_next_one_begins(build, tokenizer):
    config, text = build().config, "The river goes"  # 8 characters, of which 4 are kept
    assert window_at(config, tokenizer, text[:3], text[3:], 0) == ("The rive", 3)
    assert window_at(config, tokenizer, text[:3], text[3:], 5) == ("iver goe", 3)
    assert window_at(config, tokenizer, text[:3], "", -1) == ("The", 2)
    assert window_at(config, tokenizer, "", "go", -1) == ("\ngo", 0)
    assert window_at(config, tokenizer, text[:5], text[5:], -3) == ("The rive", 2)
    for nowhere in (-6, 9):
        with pytest.raises(ValueError, match="no character to look at"):
            window_at(config, tokenizer, text[:5], text[5:], nowhere)
