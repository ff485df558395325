"""opening.py: what writes fastest, or what there is."""

import sys

import pytest

import tinygpt
from tinygpt import GPTLanguageModel, SampleConfig, open_checkpoint, stream
from tinygpt.compiled import CompiledModel

SETTINGS = SampleConfig(max_new_tokens=40, seed=3)


def test_a_stored_model_is_opened_compiled(weights):
    assert isinstance(open_checkpoint(weights)[0], CompiledModel)


def test_without_numba_torch_writes_the_same(weights, monkeypatch):
    fast = "".join(stream(*open_checkpoint(weights), "My", SETTINGS))
    monkeypatch.setitem(sys.modules, "numba", None)
    for name in ("kernels", "packed"):
        monkeypatch.delitem(sys.modules, f"tinygpt.{name}")
        monkeypatch.delattr(tinygpt, name)
    model, tokenizer = open_checkpoint(weights)
    assert isinstance(model, GPTLanguageModel)
    assert "".join(stream(model, tokenizer, "My", SETTINGS)) == fast


def test_a_device_that_is_not_there_is_refused(weights, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="device cuda is not available here"):
        open_checkpoint(weights, "cuda")
