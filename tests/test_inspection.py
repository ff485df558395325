"""inspection.py: what a model thinks at one place of a text."""

import numpy as np
import pytest
import torch

from tinygpt import SampleConfig, fastest
from tinygpt.generation import characters
from tinygpt.inspection import candidates
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
