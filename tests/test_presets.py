"""Presets: the sizes of the published models that they follow, and which runs have dropout."""

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


@pytest.mark.parametrize(
    ("name", "characters", "block_size", "changes", "dropout"),
    [
        ("default", 1_003_854, 256, {}, 0.0),
        ("default", 409_600, 256, {}, 0.0),
        ("default", 409_599, 256, {}, 0.15),
        ("default", 409_599, 128, {}, 0.0),
        ("default", 1_003_854, 1024, {}, 0.15),
        ("default", 1_003_854, 256, {"max_iters": 3000}, 0.15),
        ("default", 1_003_854, 256, {"batch_size": 64}, 0.15),
        ("teacher", 1_003_854, 256, {}, 0.0),
        ("teacher", 819_199, 256, {}, 0.15),
    ],
    ids=str,
)
def test_a_run_that_reads_its_text_more_than_ten_times_has_dropout(name, characters, block_size, changes, dropout):
    preset = PRESETS[name]
    model, train = replace(preset.model, block_size=block_size), replace(preset.train, **changes)
    assert preset.with_dropout(model, train, characters) == replace(model, dropout=dropout)


def test_the_other_presets_are_the_same_however_often_they_read_a_text():
    for preset in (preset for name, preset in PRESETS.items() if name not in ("default", "teacher")):
        assert preset.with_dropout(preset.model, preset.train, 1000) == preset.model
