"""A checkpoint is loaded into the fastest engine there is, and any engine writes the same text from it."""

import sys
import threading

import pytest
import torch

from tinygpt import SampleConfig, engines, open_checkpoint, stream
from tinygpt.engines import selection
from tinygpt.engines.engine import EngineUnavailableError
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


@pytest.fixture
def compiled_when_told(monkeypatch) -> threading.Event:
    """Until this is set, the engine of numba is not there: it is being compiled."""
    told, compiled = threading.Event(), NumbaEngine.compiled

    def wait(config, tensors):
        assert told.wait(60)
        return compiled(config, tensors)

    monkeypatch.setattr(NumbaEngine, "cached", lambda *_: None)
    monkeypatch.setattr(NumbaEngine, "compiled", wait)
    return told


def test_while_the_model_is_compiled_torch_writes_and_numba_goes_on_with_the_same_text(
    weights, compiled_when_told, caplog, monkeypatch
):
    settings = SampleConfig(max_new_tokens=200, seed=3)  # more than a window
    open_reader = NumbaEngine.open_reader
    engine, tokenizer = open_checkpoint(weights, at_once=True)
    assert (engine.name, engine.pending) == ("torch on cpu", True)
    assert "compiled" in engine.slower_because
    text = stream(engine, tokenizer, "My", settings)
    written = [next(text) for _ in range(70)]
    taken_over = []
    monkeypatch.setattr(NumbaEngine, "open_reader", lambda *args: taken_over.append(args) or open_reader(*args))
    compiled_when_told.set()
    engine.wait()
    assert (engine.name, engine.pending, engine.slower_because) == ("numba on cpu", False, "")
    written = "".join([*written, *text])
    assert len(taken_over) == 2  # while compiling, and for the text
    assert written == "".join(stream(*open_checkpoint(weights), "My", settings))
    assert caplog.messages == [
        "Compiling for this machine, which takes up to a minute; torch writes meanwhile, more slowly"
    ]


def test_a_compilation_that_fails_leaves_the_text_to_torch(weights, compiled_when_told, monkeypatch):
    def fail(config, tensors):
        raise EngineUnavailableError("numba cannot compile the model (LLVM ERROR)")

    monkeypatch.setattr(NumbaEngine, "compiled", fail)
    engine, tokenizer = open_checkpoint(weights, at_once=True)
    engine.wait()
    assert (engine.name, engine.slower_because) == ("torch on cpu", "numba cannot compile the model (LLVM ERROR)")
    assert len("".join(stream(engine, tokenizer, "My", SampleConfig(max_new_tokens=5)))) == 5


def test_who_does_not_ask_for_an_engine_at_once_waits_for_the_fastest(weights, compiled_when_told):
    compiled_when_told.set()
    assert isinstance(open_checkpoint(weights)[0], NumbaEngine)
