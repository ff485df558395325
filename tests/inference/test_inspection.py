"""Candidates, windows and activations at one position of a text."""

import numpy as np
import pytest
import torch

from tinygpt import PRESETS, GPTConfig, SampleConfig, fastest
from tinygpt.engines.selection import as_engine
from tinygpt.inference.generation import characters
from tinygpt.inference.inspection import MAX_INSPECTED, activations, candidates, inspectable, window_at
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.sampling import probabilities


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_are_those_that_the_text_was_sampled_from_past_the_context_too(build, tokenizer, family):
    model, settings = build(family), SampleConfig(max_new_tokens=40, seed=3, temperature=0.7, top_k=9, top_p=0.9)
    written = list(characters(model, tokenizer, "The river", settings))
    text = "".join(each.text for each in written)
    for position in (0, 1, 5, 20, 39):
        (id,) = tokenizer.encode(text[position])
        for engine in (as_engine(model), fastest(model)):
            found = candidates(engine, tokenizer, "The river", text[:position], settings)
            assert found.raw_V[id] == pytest.approx(written[position].probability, rel=1e-4)
            assert found.kept_V[id] > 0
            assert (found.kept_V > 0).sum() <= 9
            for part in found:
                assert part.sum() == pytest.approx(1)


def test_candidates_show_the_sampler_step_by_step(build, tokenizer):
    model = build()
    with torch.no_grad():
        logits_V = model(torch.tensor([tokenizer.encode("My")]))[0, -1].numpy()
    found = candidates(model, tokenizer, "M", "y", SampleConfig(temperature=0.5, top_k=3))
    np.testing.assert_allclose(found.raw_V, probabilities(logits_V, 1.0), rtol=1e-4)
    np.testing.assert_allclose(found.tempered_V, probabilities(logits_V, 0.5), rtol=1e-4)
    np.testing.assert_allclose(found.kept_V, probabilities(logits_V, 0.5, top_k=3), rtol=1e-4)


def test_at_temperature_0_the_likeliest_character_has_all_probability(build, tokenizer):
    found = candidates(build(), tokenizer, "", "My", SampleConfig(temperature=0))
    assert found.kept_V.max() == 1
    assert found.kept_V.argmax() == found.raw_V.argmax()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_window_at_a_position_is_the_one_that_gave_the_next_character_its_probability(build, tokenizer, family):
    model, settings = build(family), SampleConfig(max_new_tokens=40, seed=3)
    for prompt in ("The", "The river goes on"):  # shorter and longer than the context
        written = list(characters(model, tokenizer, prompt, settings))
        text = "".join(each.text for each in written)
        for position in range(-1, 39):
            window, index = window_at(model.config, tokenizer, prompt, text, position)
            assert window[index] == (text[position] if position >= 0 else prompt[-1])
            assert len(window) <= model.config.block_size
            logits_V = activations(as_engine(model), tokenizer, window[: index + 1]).logits_LV[-1]
            (next_id,) = tokenizer.encode(text[position + 1])
            assert probabilities(logits_V, temperature=1)[next_id] == pytest.approx(
                written[position + 1].probability, rel=1e-4
            )


def test_a_window_extends_to_where_the_next_one_begins(build, tokenizer):
    config, text = build().config, "The river goes"  # 8 characters, of which 4 are kept
    assert window_at(config, tokenizer, text[:3], text[3:], 0) == ("The rive", 3)
    assert window_at(config, tokenizer, text[:3], text[3:], 5) == ("iver goe", 3)
    assert window_at(config, tokenizer, text[:3], "", -1) == ("The", 2)
    assert window_at(config, tokenizer, "", "go", -1) == ("\ngo", 0)
    assert window_at(config, tokenizer, text[:5], text[5:], -3) == ("The rive", 2)
    for nowhere in (-6, 9):
        with pytest.raises(ValueError, match="is not in the text"):
            window_at(config, tokenizer, text[:5], text[5:], nowhere)


def test_whatever_the_model_what_is_inspected_is_bounded_and_a_preset_is_inspected_whole(build, tokenizer):
    for preset in PRESETS.values():
        assert inspectable(preset.model) == preset.model.block_size
    for sizes in ((1, 1, 1), (200, 8, 600), (1, 256, 7168), (24, 28, 1736), (4, 4, 16)):
        config = GPTConfig(block_size=16_384, **dict(zip(("n_layer", "n_head", "n_embd"), sizes, strict=True)))
        T = inspectable(config)
        assert 8 <= T <= 2_048
        assert config.n_layer * config.n_head * T**2 <= MAX_INSPECTED
        assert config.n_layer * config.n_embd * T <= MAX_INSPECTED
    engine = as_engine(build(block_size=4096))
    activations(engine, tokenizer, "M" * inspectable(engine.config))
    with pytest.raises(ValueError, match="1,024 characters can be inspected at once, not 1,025"):
        activations(engine, tokenizer, "M" * 1_025)
