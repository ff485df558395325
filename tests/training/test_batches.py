"""training/batches.py: the windows of each step, and their targets."""

import pytest
import torch

from tinygpt import TrainConfig
from tinygpt.training.batches import Batches
from tinygpt.training.distillation import predictions
from tinygpt.training.ngram import ngram_predictions


@pytest.mark.parametrize("order", ["random", "shuffled"])
def test_the_targets_are_the_characters_that_follow(dataset, order):
    batches = Batches(dataset.train, 8, TrainConfig(batch_size=4, batches=order))
    text = bytes(dataset.train.tolist())
    for step in range(5):
        x_BT, y_BT = batches.at(step)
        assert x_BT.shape == y_BT.shape == (4, 8)
        assert torch.equal(x_BT[:, 1:], y_BT[:, :-1])
        assert all(bytes([*x_T, y_T[-1]]) in text for x_T, y_T in zip(x_BT.tolist(), y_BT.tolist(), strict=True))


@pytest.mark.parametrize(("weight", "ngram_weight"), [(0.25, 0.0), (1.0, 0.0), (0.75, 0.5)])
def test_with_a_teacher_the_targets_mix_its_predictions_with_the_text(build, dataset, weight, ngram_weight):
    # Each window of this text starts with a character of its own, which tells where it begins.
    data = torch.arange(40, dtype=torch.uint8) % dataset.tokenizer.vocab_size
    config = TrainConfig(batch_size=4, distill_weight=weight, ngram_weight=ngram_weight)
    teacher = build()
    batches, alone = Batches(data, 8, config), Batches(data, 8, config)
    batches.learn_from(teacher)
    x_BT, targets_BTV = batches.at(0)
    same_BT, y_BT = alone.at(0)
    assert torch.equal(x_BT, same_BT)
    ngram_NV = ngram_predictions(data, dataset.tokenizer.vocab_size).float()
    expected_NV = predictions(teacher, data).float().lerp(ngram_NV, ngram_weight)
    for b, t in [(0, 0), (1, 3), (3, 7)]:
        start = next(i for i in range(32) if torch.equal(data[i : i + 8].long(), x_BT[b]))
        text_V = torch.nn.functional.one_hot(y_BT[b, t], dataset.tokenizer.vocab_size)
        torch.testing.assert_close(
            targets_BTV[b, t], weight * expected_NV[start + t] + (1 - weight) * text_V, atol=1e-3, rtol=0
        )
