"""The programs that ours is timed beside: llama2.c, transformers, ONNX Runtime and nanoGPT."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks import baselines
from benchmarks.onnx_baseline import onnxruntime
from tests.benchmarks.outcome import assert_refused, printed
from tests.ci import needed
from tinygpt import GPTConfig
from tinygpt.flags import SHIPPED

SHAPE = GPTConfig(family="qwen3", vocab_size=19, block_size=baselines.LENGTH, n_layer=1, n_head=1, n_embd=64)

# Stands in for llama2.c, which is built by hand: checks the header and the length of the file, as llama2.c reads it.
LLAMA2C = f"""#!{sys.executable}
import struct, sys
content = open(sys.argv[1], "rb").read()
quantized = struct.unpack_from("I", content)[0] == 0x616B3432
start = 8 if quantized else 0
C, K, L, H, KV, V, T = struct.unpack_from("7i", content, start)
V, D = abs(V), C // H
matrices = L * (4 * C * C + 3 * C * K)
if quantized:
    weights = 2 * V * C + matrices
    assert len(content) == 256 + 4 * (2 * L + 1) * C + weights + 4 * weights // 64, len(content)
else:
    assert len(content) == 28 + 4 * (2 * V * C + (2 * L + 1) * C + matrices + T * D), len(content)
print("achieved tok/s: 123.5", file=sys.stderr)
"""

# The interface of nanoGPT's model.py, on a model of one layer.
NANOGPT = """
from dataclasses import dataclass
import torch
from torch import nn

@dataclass
class GPTConfig:
    block_size: int = 0
    vocab_size: int = 0
    n_layer: int = 0
    n_head: int = 0
    n_embd: int = 0
    dropout: float = 0.0
    bias: bool = True

class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.Sequential(nn.Embedding(config.vocab_size, config.n_embd),
                                    nn.Linear(config.n_embd, config.vocab_size, bias=config.bias))
    def configure_optimizers(self, weight_decay, learning_rate, betas, device_type):
        return torch.optim.AdamW(self.parameters(), learning_rate, betas, weight_decay=weight_decay)
    def forward(self, x, y):
        logits = self.layers(x)
        return logits, nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
"""


@pytest.mark.parametrize("quantize", [False, True])
def test_llama2c_gets_a_file_that_it_can_read(tmp_path, quantize):
    program = tmp_path / "run"
    program.write_text(LLAMA2C)
    program.chmod(0o755)
    assert baselines.llama2c(program, SHAPE, tmp_path, quantize=quantize)() == 123.5


def test_a_program_that_prints_no_speed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="printed no speed and ended with"):
        baselines.llama2c(Path(sys.executable), SHAPE, tmp_path, quantize=False)()


def test_transformers_generates_with_a_model_of_the_same_shape():
    assert baselines.transformers(SHAPE)() > 0


def test_onnx_runtime_writes_with_a_model_of_the_same_shape():
    needed("onnx"), needed("onnxruntime")
    assert onnxruntime(SHAPE)() > 0


def test_without_onnx_runtime_the_command_says_in_one_line_what_to_install(called, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as where it is not installed
    done = called("benchmarks.decode", "--weights", SHIPPED, "--onnxruntime")
    assert_refused(done, "decode", "is not installed: pip install onnx onnxruntime")


def test_a_step_of_nanogpt_is_timed(tmp_path):
    (tmp_path / "model.py").write_text(NANOGPT)
    sizes = {"block_size": 8, "n_layer": 1, "n_head": 1, "n_embd": 16, "dropout": 0.0}
    assert baselines.nanogpt_step(tmp_path, baselines.NanoGPT(1.88, 10, 2, sizes), 1) > 0


def test_a_folder_without_nanogpt_is_refused_before_anything_is_trained(called, tmp_path):
    done = called("benchmarks.train", "--nanogpt", tmp_path)
    assert_refused(done, "train", "model.py does not exist: --nanogpt needs a checkout of nanoGPT")


def test_the_parts_of_a_training_run_are_printed(called, text_file):
    done = called("benchmarks.train", "--parts", "--presets", "quick", "--short", "--data", text_file)
    for name in ("backward", "optimizers", "evaluation", "saving", "forward, loss and batches"):
        assert re.fullmatch(r"[\d.]+ %", printed(done, name))


def test_the_speed_of_training_is_printed_for_other_sizes(called, text_file):
    done = called("benchmarks.train", "--cost", "--presets", "quick", "--short", "--data", text_file)
    for changed in ("nothing", "n_embd=128", "n_layer=3", "block_size=64", "batch_size=4"):
        assert re.fullmatch(r"[\d,]+", printed(done, changed))
