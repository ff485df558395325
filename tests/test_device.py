"""device.py: what to compute on, and in which precision."""

import pytest
import torch

from tinygpt.device import can_compile, choose_device, choose_dtype
from tinygpt.flags import DEVICES


def test_auto_is_a_device_that_is_there():
    device = choose_device("auto")
    assert torch.ones(2, device=device).sum().item() == 2
    assert choose_device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    for name in (*set(DEVICES) - {"auto", "cpu"}, "abacus"):
        with pytest.raises(ValueError, match=f"device {name} is not available here; choose auto or one of: cpu$"):
            choose_device(name)


def test_where_compiling_fails_it_is_said_to(monkeypatch):
    def broken(*_):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    assert not can_compile(torch.device("cpu"))


def test_the_precision_is_one_that_can_be_trained_in():
    assert choose_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)
    assert choose_dtype(torch.device("mps")) == torch.float32
