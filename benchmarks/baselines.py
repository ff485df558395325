"""Baselines: nanoGPT for benchmarks.train, llama2.c and transformers for benchmarks.decode.

For benchmarks.decode, each has a model of the same shape as ours and measures characters per second over 256 positions
from an empty context, greedy, on one thread. The weights are random, since speed does not depend on them.
"""

import importlib.util
import os
import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import seconds
from tinygpt.config import GPTConfig

LENGTH = 256
_GROUP = 64  # weights that share a scale in llama2.c's 8-bit files


@dataclass(frozen=True)
class NanoGPT:
    """A configuration of nanoGPT (github.com/karpathy/nanoGPT) and the loss that its README gives for it."""

    loss: float
    steps: int
    batch_size: int
    sizes: dict[str, int | float]


# The steps: of the CPU configuration, all that it does (README of the repository, read in November 2026). The other
# one does 5,000, but its validation loss is lowest at about step 1,750 and rises from there on: see the repository's
# issues 211 ("min val loss 1.48 after 1750 iterations") and 493 ("already after 7 validation steps" of 250).
_CPU_SIZES = {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "dropout": 0.0}
_GPU_SIZES = {"block_size": 256, "n_layer": 6, "n_head": 6, "n_embd": 384, "dropout": 0.2}
NANOGPT = {"quick": NanoGPT(1.88, 2000, 12, _CPU_SIZES), "default": NanoGPT(1.4697, 1750, 64, _GPU_SIZES)}


def check_shape(config: GPTConfig) -> None:
    """Raise ValueError for a shape that the baselines do not support."""
    if config.family != "qwen3" or config.block_size != LENGTH or config.n_embd % _GROUP:
        raise ValueError(
            f"the baselines need a qwen3 model of context {LENGTH} and a width that is a multiple of {_GROUP}, "
            f"not a {config.family} model of context {config.block_size} and width {config.n_embd}: use other weights"
        )


def llama2c(program: Path, config: GPTConfig, folder: Path, *, quantize: bool) -> Callable[[], float]:
    """A timer of a build of llama2.c (github.com/karpathy/llama2.c): its `run`, or with `quantize` its `runq`."""
    model, tokenizer = folder / f"model{quantize}.bin", folder / "tokenizer.bin"
    model.write_bytes(_quantized_file(config) if quantize else _float_file(config))
    one_byte_each = b"".join(struct.pack("fi", 0.0, 1) + bytes([33 + i % 90]) for i in range(config.vocab_size))
    tokenizer.write_bytes(struct.pack("i", 1) + one_byte_each)

    def rate() -> float:
        command = [program, model, "-z", tokenizer, "-t", "0", "-n", str(LENGTH)]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(list(map(str, command)), capture_output=True, env=one_thread)
        if not (speed := re.search(rb"tok/s: ([\d.]+)", done.stderr)):
            raise ValueError(f"{program} printed no speed and ended with {done.returncode}: is it built from llama2.c?")
        return float(speed[1])

    return rate


def transformers(config: GPTConfig) -> Callable[[], float]:
    """A timer of generate() of transformers, with its cache. Raises ValueError where transformers is not installed."""
    import torch

    from tinygpt.export.to_transformers import transformers_model

    try:
        model = transformers_model(config).eval()
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: pip install transformers") from None

    def rate() -> float:
        count, empty = LENGTH - 1, torch.zeros((1, 1), dtype=torch.long)
        return count / seconds(
            lambda: model.generate(empty, do_sample=False, min_new_tokens=count, max_new_tokens=count)
        )

    return rate


def nanogpt_step(path: Path, config: NanoGPT, steps: int) -> float:
    """Median seconds of a training step of nanoGPT, as it trains on a processor: in float32, not compiled."""
    import torch

    spec = importlib.util.spec_from_file_location("nanogpt_model", path / "model.py")  # nanoGPT is not a package
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(1337)
    model = module.GPT(module.GPTConfig(vocab_size=65, bias=False, **config.sizes))
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")
    x_BT = torch.randint(65, (config.batch_size, config.sizes["block_size"]))

    def step() -> None:
        _, loss = model(x_BT, x_BT)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step()
    return sorted(seconds(step) for _ in range(steps))[steps // 2]


def _matrices(config: GPTConfig) -> list[tuple[int, int]]:
    """The count and the size of each kind of matrix, in the order of llama2.c's files."""
    square, wide = config.n_embd**2, config.n_embd * config.hidden
    return [(config.n_layer, size) for size in (square, square, square, square, wide, wide, wide)]


def _header(config: GPTConfig, vocab_size: int) -> bytes:
    heads = config.n_head, config.n_head
    return struct.pack("7i", config.n_embd, config.hidden, config.n_layer, *heads, vocab_size, config.block_size)


def _classifier(config: GPTConfig) -> np.ndarray:
    weights_VC = _random(config.vocab_size * config.n_embd).reshape(config.vocab_size, -1)
    weights_VC[1] = 0  # never the likeliest: llama2.c stops at token 1, its mark for the beginning of a text
    return weights_VC


def _float_file(config: GPTConfig) -> bytes:
    attention, feed_forward = _matrices(config)[:4], _matrices(config)[4:]
    ones = np.ones(config.n_layer * config.n_embd, np.float32)
    parts = [
        _random(config.vocab_size * config.n_embd),
        ones,
        *(_random(count * size) for count, size in attention),
        ones,
        *(_random(count * size) for count, size in feed_forward),
        ones[: config.n_embd],
        np.zeros(config.block_size * config.head_size, np.float32),  # unused: once a table of rotations
        _classifier(config),
    ]
    # A negative vocabulary size means that the classifier does not share the embedding's weights.
    return _header(config, -config.vocab_size) + b"".join(part.tobytes() for part in parts)


def _quantized_file(config: GPTConfig) -> bytes:
    start = struct.pack("Ii", 0x616B3432, 2) + _header(config, config.vocab_size) + struct.pack("=Bi", 0, _GROUP)
    norms = np.ones((2 * config.n_layer + 1) * config.n_embd, np.float32)
    matrices = [_random(size) for count, size in _matrices(config) for _ in range(count)]
    embedding = _random(config.vocab_size * config.n_embd)
    parts = [norms.tobytes(), *map(_quantize, [embedding, *matrices, _classifier(config).ravel()])]
    return start.ljust(256, b"\0") + b"".join(parts)


def _quantize(weights: np.ndarray) -> bytes:
    groups = weights.reshape(-1, _GROUP)
    scales = np.maximum(np.abs(groups).max(axis=1, keepdims=True) / 127, np.float32(1e-9))
    return (groups / scales).round().astype(np.int8).tobytes() + scales.astype(np.float32).tobytes()


def _random(size: int) -> np.ndarray:
    return 0.05 * np.random.default_rng(size).standard_normal(size, np.float32)
