"""Checkpoints to push and pull, and how to look at them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, load_checkpoint, save_checkpoint
from tinygpt.data.download import DEFAULT_SHA256

ROOT = Path(__file__).parent.parent.parent

TEXT = "\n !ROMEO:abcdefghij"
SHAPE = GPTConfig(vocab_size=len(set(TEXT)), block_size=8, n_layer=1, n_head=2, n_embd=16)
PUSHED = {"model.safetensors", "config.json", "metrics.jsonl", "README.md", "sample.json"}
FACTS = {"preset": "default", "steps": 4000, "publish": "last", "data_sha256": DEFAULT_SHA256}


def save(run, seed, **facts):
    torch.manual_seed(seed)
    save_checkpoint(run, GPTLanguageModel(SHAPE), TextEncoderDecoder(TEXT), quantize=True, facts=FACTS | facts)


def contents(run):
    return {path.name: path.read_bytes() for path in run.iterdir()}


def logits(run):
    model, _ = load_checkpoint(run)
    with torch.no_grad():
        return model(torch.arange(8)[None])


def refusal(kind, call, *args, **options):
    """The message of the error that a call raises: one line, not too long."""
    with pytest.raises(kind) as caught:
        call(*args, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def python(*args, **environment):
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
