"""A checkpoint is loaded into the fastest engine there is, and any engine writes the same text from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.engines.numba_engine import NumbaEngine

ROOT = Path(__file__).parents[2]
WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from tinygpt import SampleConfig, open_checkpoint, stream
engine, tokenizer = open_checkpoint(sys.argv[1])
print(engine.name, engine.slower_because, sep=": ")
import torch
assert torch.get_num_threads() == 1
sys.stdout.write("".join(stream(engine, tokenizer, "My", SampleConfig(max_new_tokens=40, seed=3))))
"""


def test_a_checkpoint_is_run_by_numba_on_the_cpu(weights):
    for device in ("auto", "cpu"):
        assert isinstance(open_checkpoint(weights, device)[0], NumbaEngine)


def test_without_numba_torch_writes_the_same_text_and_the_engine_says_why(weights):
    command = [sys.executable, "-c", WITHOUT_NUMBA, str(weights)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    text = "".join(stream(*open_checkpoint(weights), "My", SampleConfig(max_new_tokens=40, seed=3)))
    assert result.stdout == f"torch on cpu: numba is not installed\n{text}"


def test_a_device_that_is_not_available_is_refused(weights, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="device cuda is not available here"):
        open_checkpoint(weights, "cuda")
