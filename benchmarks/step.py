"""Where the time of one written character goes: python benchmarks/step.py [--weights FOLDER|USER/NAME]"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from machine import describe, seconds
from numba import njit

from tinygpt import kernels
from tinygpt.compiled import CompiledModel
from tinygpt.flags import SHIPPED, Parser
from tinygpt.hub import find_weights
from tinygpt.packed import empty_cache
from tinygpt.stored import read_stored

_timed = njit(nogil=True, boundscheck=False, error_model="numpy")


def main() -> None:
    parser = Parser(prog="step.py", description=__doc__.split(":")[0])
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    args = parser.parse_args()
    try:
        stored = read_stored(find_weights(args.weights))
        model = CompiledModel(stored.config, stored.tensors)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        sys.exit(f"step.py: {error}")
    print(f"machine   {describe()}\n")
    size = stored.config.block_size
    for title, N, t in (
        ("one character, half a window behind it", 1, size // 2),
        ("one character, a window behind it", 1, size - 1),
        (f"each of the {stored.config.kept} that open a new window", stored.config.kept, 0),
    ):
        print_parts(title, model, N, t)


def print_parts(title: str, model: CompiledModel, N: int, t: int) -> None:
    """Microseconds a character of N characters read from position t on."""
    weights, cache = model.weights, empty_cache(model.config)
    ids_N, logits_V = np.zeros(N, np.int64), np.zeros(model.config.vocab_size + kernels.WIDTH, np.float32)
    whole = microseconds(lambda: read_often(weights, cache, ids_N, t, logits_V, 20), 20 * N)
    parts = {
        "products with weights": microseconds(lambda: multiply(weights, N, 20), 20 * N),
        "attention": microseconds(lambda: attend(weights, cache, N, t, 20), 20 * N),
        "norms and activation": microseconds(lambda: norm(weights, N, 20), 20 * N),
    }
    print(f"{title}: {whole:.0f} us")
    for name, part in {**parts, "the rest, and waiting for memory": whole - sum(parts.values())}.items():
        print(f"  {name:34}{part:6.1f} us  {part / whole:4.0%}")


def microseconds(work: Callable[[], object], characters: int) -> float:
    work()
    return 1e6 * median(seconds(work) for _ in range(15)) / characters


@_timed
def read_often(weights, cache, ids_N, t, logits_V, times):
    for _ in range(times):
        kernels.read(weights, cache, ids_N, t, logits_V)


@_timed
def multiply(weights, N, times):
    C, inner = weights.token_VC.shape[1], weights.shrink.weights_LGKW.shape[2]
    x_NC, x_NK = np.ones((N, C), np.float32), np.ones((N, inner), np.float32)
    qkv_NC, y_NC = np.empty((N, 3 * C + kernels.WIDTH), np.float32), np.empty((N, C + kernels.WIDTH), np.float32)
    hidden_NK = np.empty((N, 2 * inner + kernels.WIDTH), np.float32)
    for _ in range(times):
        for layer in range(len(weights.proj.steps_LO)):
            first = 0 if layer < len(weights.proj.steps_LO) - 1 else N - 1  # as in kernels.read
            kernels._multiply(weights.query_key_value, layer, x_NC, qkv_NC)
            kernels._multiply(weights.proj, layer, x_NC[first:], y_NC[first:])
            kernels._multiply(weights.expand, layer, x_NC[first:], hidden_NK[first:])
            kernels._multiply(weights.shrink, layer, x_NK[first:], y_NC[first:])


@_timed
def attend(weights, cache, N, t, times):
    C = weights.token_VC.shape[1]
    qkv_NC, gathered_NC = np.ones((N, 3 * C + kernels.WIDTH), np.float32), np.empty((N, C + kernels.WIDTH), np.float32)
    for _ in range(times):
        for layer in range(len(weights.proj.steps_LO)):
            first = 0 if layer < len(weights.proj.steps_LO) - 1 else N - 1
            kernels._attention(weights.heads, cache, layer, t, qkv_NC, first, gathered_NC)


@_timed
def norm(weights, N, times):
    x_NC = np.ones((N, weights.token_VC.shape[1]), np.float32)
    y_NC, inner = np.empty_like(x_NC), weights.shrink.weights_LGKW.shape[2]
    hidden_NK = np.empty((N, 2 * inner), np.float32)
    for _ in range(times):
        for layer in range(len(weights.proj.steps_LO)):
            kernels._norm_rows(weights.attention_norm, layer, x_NC, y_NC)
            kernels._norm_rows(weights.feed_forward_norm, layer, x_NC, y_NC)
            hidden_NK[:] = 1
            for n in range(N):
                kernels._activate(hidden_NK[n, :inner], hidden_NK[n, inner:], weights.gated)


if __name__ == "__main__":
    main()
