"""Presets: the sizes of the published models that they follow."""

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
