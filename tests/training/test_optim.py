"""training/optim.py: which optimizer updates which parameters, and the learning rate of each step."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import PRESETS, GPTLanguageModel, TrainConfig
from tinygpt.model.gpt import FAMILIES
from tinygpt.training.optim import build_optimizers, lr_multiplier, set_learning_rate

each_family = pytest.mark.parametrize("family", FAMILIES)


@st.composite
def training_configs(draw) -> TrainConfig:
    max_iters = draw(st.integers(1, 300))
    return TrainConfig(
        max_iters=max_iters,
        warmup_iters=draw(st.integers(0, max_iters)),
        decay=draw(st.sampled_from(["none", "linear", "cosine"])),
        decay_fraction=draw(st.floats(0.001, 1)),
        min_lr_ratio=draw(st.floats(0, 1)),
    )


def multipliers(config: TrainConfig) -> list[float]:
    return [lr_multiplier(step, config) for step in range(config.max_iters)]


@given(training_configs())
def test_the_rate_is_above_zero_and_never_above_its_peak(config):
    assert all(0 < multiplier <= 1 for multiplier in multipliers(config))


@given(training_configs())
def test_the_rate_rises_during_the_warm_up_and_never_after(config):
    rates = multipliers(config)
    warm, rest = rates[: config.warmup_iters], rates[config.warmup_iters :]
    assert warm == sorted(set(warm))
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(rest))


@given(training_configs())
def test_after_the_warm_up_the_rate_stays_at_or_above_its_final_ratio(config):
    rest = multipliers(config)[config.warmup_iters :]
    assert all(multiplier >= config.min_lr_ratio - 1e-12 for multiplier in rest)
    if config.decay == "none":
        assert set(rest) <= {1.0}


def test_the_warm_up_is_linear():
    assert multipliers(TrainConfig(max_iters=6, warmup_iters=3)) == [0.25, 0.5, 0.75, 1, 1, 1]


def test_linear_decay_covers_its_fraction_of_the_steps():
    config = TrainConfig(max_iters=10, decay="linear", decay_fraction=0.5)
    assert multipliers(config) == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])


def test_cosine_decay_is_half_a_wave_from_the_warm_up_to_the_final_ratio():
    config = TrainConfig(max_iters=100, warmup_iters=20, decay="cosine", min_lr_ratio=0.1)
    assert lr_multiplier(20, config) == 1
    assert lr_multiplier(60, config) == pytest.approx(0.55)
    assert lr_multiplier(40, config) == pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi / 4)) / 2)
    assert lr_multiplier(99, config) == pytest.approx(0.1, abs=0.001)


@each_family
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_every_parameter_is_in_exactly_one_group(build, family, optimizer):
    model = build(family)
    groups = [group for o in build_optimizers(model, TrainConfig(optimizer=optimizer)) for group in o.param_groups]
    held = sorted(id(parameter) for group in groups for parameter in group["params"])
    assert held == sorted(map(id, model.parameters()))


@each_family
def test_muon_updates_exactly_the_matrices_of_the_blocks(build, family):
    model = build(family)
    adamw, muon = build_optimizers(model, TrainConfig(optimizer="muon", muon_weight_decay=0.3, muon_learning_rate=0.04))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    (group,) = muon.param_groups
    held = {names[id(parameter)] for parameter in group["params"]}
    assert held == {name for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim == 2}
    assert (group["lr"], group["weight_decay"]) == (0.04, 0.3)
    assert isinstance(adamw, torch.optim.AdamW)


@each_family
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_weight_decay_applies_to_matrices_and_not_to_vectors(build, family, optimizer):
    config = TrainConfig(optimizer=optimizer, weight_decay=0.3, muon_weight_decay=0.4)
    for o in build_optimizers(build(family), config):
        for group in o.param_groups:
            decays = {(p.ndim >= 2, group["weight_decay"]) for p in group["params"]}
            assert decays <= {(True, 0.3), (True, 0.4), (False, 0)}


def test_adamw_takes_its_settings_from_the_config(build):
    (adamw,) = build_optimizers(build(), TrainConfig(learning_rate=0.007, beta2=0.95))
    assert all((group["lr"], group["betas"]) == (0.007, (0.9, 0.95)) for group in adamw.param_groups)


def test_every_rate_is_a_multiple_of_its_own_peak_however_often_it_is_set(build):
    optimizers = build_optimizers(build(), TrainConfig(optimizer="muon", learning_rate=0.01, muon_learning_rate=0.1))
    for multiplier in (0.5, 0.1, 1.0, 0.25):
        set_learning_rate(optimizers, multiplier)
        rates = [group["lr"] for o in optimizers for group in o.param_groups]
        assert rates == pytest.approx([0.01 * multiplier, 0.01 * multiplier, 0.1 * multiplier])


@pytest.mark.parametrize("name", PRESETS)
def test_the_optimizers_of_every_preset_lower_the_loss(name, shape, dataset):
    preset = PRESETS[name]
    torch.manual_seed(0)
    model = GPTLanguageModel(replace(shape, family=preset.model.family))
    x_BT = dataset.train[:64].long().view(8, 8)
    y_BT = dataset.train[1:65].long().view(8, 8)
    optimizers = build_optimizers(model, preset.train)
    losses = []
    for _ in range(30):
        _, loss = model(x_BT, y_BT)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
