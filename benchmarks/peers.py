"""Other programs that write with a model of one shape, to be timed beside ours: llama2.c, transformers.

A speed does not depend on what the weights are, so theirs are random. Each figure is characters a second over
256 positions from an empty context, greedy, on one thread.
"""

import os
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import seconds

from tinygpt.config import GPTConfig

LENGTH = 256
_GROUP = 64  # weights that share a scale in llama2.c's 8-bit files


def check_shape(config: GPTConfig) -> None:
    """Raise ValueError for a model whose like they cannot build."""
    if config.family != "qwen3" or config.block_size != LENGTH or config.n_embd % _GROUP:
        raise ValueError(
            f"the others can be timed beside a qwen3 model of context {LENGTH} and a width in steps of "
            f"{_GROUP}, not beside a {config.family} of context {config.block_size} and width {config.n_embd}"
        )


def llama2c(program: Path, config: GPTConfig, folder: Path, *, eight_bits: bool) -> Callable[[], float]:
    """How to time a build of llama2.c (github.com/karpathy/llama2.c): its `run`, or with `eight_bits` its `runq`."""
    model, tokenizer = folder / f"model{eight_bits}.bin", folder / "tokenizer.bin"
    model.write_bytes(_quantised_file(config) if eight_bits else _float_file(config))
    one_byte_each = b"".join(struct.pack("fi", 0.0, 1) + bytes([33 + i % 90]) for i in range(config.vocab_size))
    tokenizer.write_bytes(struct.pack("i", 1) + one_byte_each)

    def rate() -> float:
        command = [program, model, "-z", tokenizer, "-t", "0", "-n", str(LENGTH)]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(list(map(str, command)), capture_output=True, env=one_thread)
        if not (told := re.search(rb"tok/s: ([\d.]+)", done.stderr)):
            raise ValueError(f"{program} did not tell its speed but ended with {done.returncode}: is it llama2.c's?")
        return float(told[1])

    return rate


def transformers(config: GPTConfig) -> Callable[[], float]:
    """How to time generate() of transformers, with its cache, on a model of its own of the same shape."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=config.vocab_size,
            hidden_size=config.n_embd,
            intermediate_size=config.hidden,
            num_hidden_layers=config.n_layer,
            num_attention_heads=config.n_head,
            num_key_value_heads=config.n_head,
            head_dim=config.head_size,
            max_position_embeddings=config.block_size,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=0,
        )
    ).eval()

    def rate() -> float:
        count, empty = LENGTH - 1, torch.zeros((1, 1), dtype=torch.long)
        return count / seconds(
            lambda: model.generate(empty, do_sample=False, min_new_tokens=count, max_new_tokens=count)
        )

    return rate


def _matrices(config: GPTConfig) -> list[tuple[int, int]]:
    """How many of each matrix there are and how many weights it has, in the order of llama2.c's files."""
    square, wide = config.n_embd**2, config.n_embd * config.hidden
    return [(config.n_layer, size) for size in (square, square, square, square, wide, wide, wide)]


def _header(config: GPTConfig, vocab_size: int) -> bytes:
    heads = config.n_head, config.n_head
    return struct.pack("7i", config.n_embd, config.hidden, config.n_layer, *heads, vocab_size, config.block_size)


def _classifier(config: GPTConfig) -> np.ndarray:
    weights_VC = _random(config.vocab_size * config.n_embd).reshape(config.vocab_size, -1)
    weights_VC[1] = 0  # the program would stop at character 1, its mark for a new text; so it is never the likeliest
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
        np.zeros(config.block_size * config.head_size, np.float32),  # once its table of rotations
        _classifier(config),
    ]
    # A negative vocabulary says that the classifier is a matrix of its own.
    return _header(config, -config.vocab_size) + b"".join(part.tobytes() for part in parts)


def _quantised_file(config: GPTConfig) -> bytes:
    start = struct.pack("Ii", 0x616B3432, 2) + _header(config, config.vocab_size) + struct.pack("=Bi", 0, _GROUP)
    norms = np.ones((2 * config.n_layer + 1) * config.n_embd, np.float32)
    matrices = [_random(size) for count, size in _matrices(config) for _ in range(count)]
    embedding = _random(config.vocab_size * config.n_embd)
    parts = [norms.tobytes(), *map(_quantised, [embedding, *matrices, _classifier(config).ravel()])]
    return start.ljust(256, b"\0") + b"".join(parts)


def _quantised(weights: np.ndarray) -> bytes:
    groups = weights.reshape(-1, _GROUP)
    scales = np.maximum(np.abs(groups).max(axis=1, keepdims=True) / 127, np.float32(1e-9))
    return (groups / scales).round().astype(np.int8).tobytes() + scales.astype(np.float32).tobytes()


def _random(size: int) -> np.ndarray:
    return 0.05 * np.random.default_rng(size).standard_normal(size, np.float32)
