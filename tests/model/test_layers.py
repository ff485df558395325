"""Dropout with fewer random bits drops as many values as torch's does, and as independently."""

import shutil

import pytest
import torch

from tinygpt.model.layers import Dropout


@pytest.mark.parametrize("p", [0.05, 0.15, 0.5, 0.9])
def test_a_fraction_of_the_values_is_dropped_and_the_others_are_scaled_up(p):
    torch.manual_seed(0)
    x = torch.ones(100_003)  # not a multiple of the values that one random number serves
    dropped = Dropout(p)(x)
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=0.01)
    assert torch.allclose(dropped[dropped > 0], torch.tensor(1 / (1 - p)), rtol=0.02)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(Dropout(p)(x), dropped)


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++", "cl"))), reason="torch needs a C++ compiler")
def test_compiled_dropout_drops_the_same_fraction_and_other_values_each_time():
    compiled, x = torch.compile(Dropout(0.15)), torch.ones(100_003)
    torch.manual_seed(0)
    dropped = compiled(x)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.15, abs=0.01)
    lanes = (dropped[:100_000].view(-1, 8) == 0).float().mean(dim=0)  # the eight values that one random number serves
    assert torch.allclose(lanes, torch.tensor(0.15), atol=0.015)
    assert not torch.equal(compiled(x), dropped)


def test_values_are_dropped_independently_of_their_neighbors():
    torch.manual_seed(0)
    kept = (Dropout(0.3)(torch.ones(200_000)) > 0).float()
    for apart in range(1, 9):
        both = (kept[:-apart] * kept[apart:]).mean().item()
        assert both == pytest.approx(0.49, abs=0.01)


def test_the_gradient_is_dropped_with_the_value():
    x = torch.ones(1000, requires_grad=True)
    y = Dropout(0.4)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


def test_nothing_is_dropped_in_evaluation_or_with_p_0():
    x = torch.randn(50)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    before = torch.get_rng_state()
    assert torch.equal(Dropout(0.0)(x), x)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_precision_stays(dtype):
    assert Dropout(0.5)(torch.ones(8, dtype=dtype)).dtype == dtype
