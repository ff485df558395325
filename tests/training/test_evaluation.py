"""training/evaluation.py: the quick estimate, and the published loss."""

import math
from dataclasses import replace

import pytest
import torch

from tinygpt import estimate_loss, evaluate_full, get_batch
from tinygpt.model.gpt import FAMILIES
from tinygpt.training.evaluation import evaluate_sliding


@torch.no_grad()
def plain_loss(model, ids: list[int], block: int) -> float:
    """The mean of -ln p of every character but the first, with one forward pass for each."""
    total = 0.0
    for t in range(1, len(ids)):
        start = (t - 1) // block * block
        total -= model(torch.tensor([ids[start:t]]))[0, -1].double().log_softmax(-1)[ids[t]].item()
    return total / (len(ids) - 1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("length", [2, 5, 9, 10, 16, 17, 18, 300])
def test_the_full_loss_is_the_mean_over_all_characters_each_predicted_within_its_block(build, dataset, family, length):
    model, data = build(family), dataset.validation[:length]
    full = evaluate_full(model, data)
    assert full.nats == pytest.approx(plain_loss(model, data.tolist(), 8), abs=1e-5)
    assert (full.predicted, full.block_size) == (length - 1, 8)


def test_a_context_longer_than_the_published_block_is_not_used(build, dataset):
    model, data = build(block_size=300), dataset.validation[:400]
    full = evaluate_full(model, data)
    assert full.block_size == 256
    assert full.nats == pytest.approx(plain_loss(model, data.tolist(), 256), abs=1e-5)


def test_the_full_loss_can_be_computed_in_smaller_blocks(build, dataset):
    model, data = build(), dataset.validation[:50]
    assert evaluate_full(model, data, block_size=3).nats == pytest.approx(plain_loss(model, data.tolist(), 3), abs=1e-5)


@pytest.mark.parametrize("length", [2, 6, 9, 10, 13, 40, 300])
@pytest.mark.parametrize("stride", [1, 3, 8])
@torch.no_grad()
def test_the_sliding_loss_predicts_each_character_in_the_first_window_that_reaches_it(build, dataset, length, stride):
    model, ids = build(), dataset.validation[:length].tolist()
    total = 0.0
    for t in range(1, length):
        start = max(0, -(-(t - 8) // stride) * stride)  # the first window whose last target comes at or after t
        last = (length - 1 - 8) // stride * stride if length > 9 else 0
        if start > last:  # the rest is read in one shorter window
            start = max(0, last + stride) if length > 9 else 0
        total -= model(torch.tensor([ids[start:t]]))[0, -1].double().log_softmax(-1)[ids[t]].item()
    sliding = evaluate_sliding(model, dataset.validation[:length], stride)
    assert sliding.nats == pytest.approx(total / (length - 1), abs=1e-5)
    assert sliding.predicted == length - 1


def test_the_full_loss_prints_its_units_and_how_it_was_computed(build, dataset):
    full = evaluate_full(build(), dataset.validation)
    assert full.bits == pytest.approx(full.nats / math.log(2))
    assert str(full).startswith(f"{full.nats:.4f} nats ({full.bits:.4f} bits) per character")
    assert str(full).endswith("in blocks of 8")


def test_the_full_loss_of_a_single_character_is_refused(build):
    with pytest.raises(ValueError, match="too short"):
        evaluate_full(build(), torch.zeros(1, dtype=torch.uint8))


def test_the_full_loss_keeps_the_training_mode_and_ignores_dropout(build, dataset):
    model = build(dropout=0.5).train()
    first = evaluate_full(model, dataset.validation)
    assert all(part.training for part in model.modules())
    assert evaluate_full(model, dataset.validation) == first == evaluate_full(model.eval(), dataset.validation)
    assert not model.training


def test_the_estimate_is_the_mean_loss_over_random_batches_of_each_split(build, dataset):
    model = build()
    estimate = estimate_loss(model, dataset, batch_size=4, eval_iters=3, seed=5)
    for name, data in (("train", dataset.train), ("validation", dataset.validation)):
        generator = torch.Generator().manual_seed(5)
        losses = [model(*get_batch(data, 4, 8, generator))[1].item() for _ in range(3)]
        assert estimate[name] == pytest.approx(sum(losses) / 3)


def test_the_estimate_depends_on_the_seed_alone(build, dataset):
    model = build(dropout=0.5).train()
    first, again, other = (estimate_loss(model, dataset, 4, 3, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.parametrize("training", [True, False])
def test_the_estimate_keeps_random_state_training_mode_and_gradients(build, dataset, training):
    model = build(dropout=0.5).train(training)
    before = torch.get_rng_state()
    estimate_loss(model, dataset, batch_size=4, eval_iters=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(part.training == training for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_estimate_comes_close_to_the_full_loss(build, dataset):
    model = build()
    estimate = estimate_loss(model, replace(dataset, train=dataset.validation), batch_size=64, eval_iters=20)
    assert estimate["train"] == estimate["validation"]
    assert estimate["validation"] == pytest.approx(evaluate_full(model, dataset.validation).nats, rel=0.05)
