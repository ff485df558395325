"""A checkpoint is loaded into the fastest engine there is, and any engine writes the same text from it."""

import sys

import pytest
import torch

from tinygpt import SampleConfig, engines, open_checkpoint, stream
from tinygpt.engines import selection
from tinygpt.engines.numba_engine import NumbaEngine


def test_a_checkpoint_is_run_by_numba_on_the_cpu(weights):
    for device in ("auto", "cpu"):
        assert isinstance(open_checkpoint(weights, device)[0], NumbaEngine)


def test_without_numba_torch_writes_the_same_text_on_one_core_and_a_single_warning_says_why(
    weights, monkeypatch, caplog
):
    settings = SampleConfig(max_new_tokens=40, seed=3)
    text = "".join(stream(*open_checkpoint(weights), "My", settings))
    selection._warned.cache_clear()
    for name in ("kernels", "kernel_cache"):  # as if they had not been imported yet
        monkeypatch.delitem(sys.modules, f"tinygpt.engines.{name}")
        monkeypatch.delattr(engines, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    for _ in range(2):
        engine, tokenizer = open_checkpoint(weights)
        assert (engine.name, engine.slower_because) == ("torch on cpu", "numba is not installed")
        assert "".join(stream(engine, tokenizer, "My", settings)) == text
    assert torch.get_num_threads() == 1
    assert caplog.messages == ["Using torch, which is slower than numba: numba is not installed"]


def test_a_device_that_is_not_available_is_refused(weights, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="device cuda is not available here"):
        open_checkpoint(weights, "cuda")
