"""Presets: the sizes of the published models that they follow."""

from dataclasses import replace

import pytest

from tinygpt import PRESETS


def test_the_presets_of_the_lecture_and_of_nanogpt_have_their_sizes():
    sizes = {
        name: (p.model.n_layer, p.model.n_head, p.model.n_embd, p.model.block_size, p.train.batch_size, p.model.dropout)
        for name, p in PRESETS.items()
    }
    assert sizes["little-shakespeare"] == (4, 4, 64, 32, 16, 0.0)
    assert sizes["tiny-gpt"][:4] == (4, 4, 64, 8)
    assert sizes["gpt-from-scratch"] == sizes["shakespeare-gpt"] == sizes["nanogpt"] == (6, 6, 384, 256, 64, 0.2)
    assert PRESETS["little-shakespeare"].train.learning_rate == 1e-3
    assert PRESETS["little-shakespeare"].train.max_iters == 5000


@pytest.mark.parametrize(("characters", "dropout"), [(1_003_854, 0.0), (512_000, 0.0), (511_999, 0.15), (2_000, 0.15)])
def test_a_text_that_default_reads_more_than_eight_times_gets_dropout(characters, dropout):
    preset = PRESETS["default"]
    assert preset.model_for(preset.train, characters) == replace(preset.model, dropout=dropout)


def test_other_presets_are_the_same_for_every_text():
    for preset in (preset for name, preset in PRESETS.items() if name != "default"):
        assert preset.model_for(preset.train, 1000) == preset.model
