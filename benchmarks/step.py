"""Time the parts of writing one character with the numba engine."""

from collections.abc import Callable
from statistics import median

import numpy as np
from numba import njit

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.engines import kernels
from tinygpt.engines.numba_engine import NumbaEngine
from tinygpt.engines.weight_layout import empty_cache
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights

_compiled = njit(nogil=True, boundscheck=False, error_model="numpy")


def main() -> None:
    """Run the command."""
    parser = make_parser("step", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="measurements of each (default: 15)")
    args = parser.parse_args()
    with one_line_errors(parser):
        Integer(1, 1000).checked("rounds", args.rounds)
        checkpoint = read_checkpoint(find_weights(args.weights))
        engine = NumbaEngine(checkpoint.config, checkpoint.tensors)
    print(header("none, nothing is random"))
    config = checkpoint.config
    print_parts("one character, half a window before it", engine, 1, config.block_size // 2, args.rounds)
    print_parts("one character, a window before it", engine, 1, config.block_size - 1, args.rounds)
    print_parts(f"each of the {config.kept} that open a new window", engine, config.kept, 0, args.rounds)


def print_parts(title: str, engine: NumbaEngine, N: int, t: int, rounds: int) -> None:
    """Print the microseconds per character of reading N characters from position t on."""
    weights, cache = engine.weights, empty_cache(engine.config)
    ids_N, logits_MV = np.zeros(N, np.int64), np.zeros((1, engine.config.vocab_size + kernels.ROOM), np.float32)
    whole = microseconds(lambda: read_often(weights, cache, ids_N, t, logits_MV, 20), 20 * N, rounds)
    parts = {
        "products with weights": microseconds(lambda: multiply(weights, N, 20), 20 * N, rounds),
        "attention": microseconds(lambda: attend(weights, cache, N, t, 20), 20 * N, rounds),
        "norms and activation": microseconds(lambda: norm(weights, N, 20), 20 * N, rounds),
    }
    print(f"{title}: {whole:.0f} us")
    for name, part in {**parts, "the rest, and waiting for memory": whole - sum(parts.values())}.items():
        print(f"  {name:34}{part:6.1f} us  {part / whole:4.0%}")


def microseconds(work: Callable[[], object], characters: int, rounds: int) -> float:
    """Median microseconds per character of a call, compiled beforehand."""
    work()
    return 1e6 * median(seconds(work) for _ in range(rounds)) / characters


@_compiled
def read_often(weights, cache, ids_N, t, logits_MV, times):
    for _ in range(times):
        kernels.read(weights, cache, ids_N, t, logits_MV)


@_compiled
def multiply(weights, N, times):
    C, columns = weights.token_VC.shape[1], weights.expand.scales_LO.shape[1]
    inner = columns // 2 if weights.gated else columns
    x_NC, x_NK = np.ones((N, C), np.float32), np.ones((N, inner), np.float32)
    qkv_NC, y_NC = np.empty((N, 3 * C + kernels.ROOM), np.float32), np.empty((N, C + kernels.ROOM), np.float32)
    hidden_NK = np.empty((N, 2 * inner + kernels.ROOM), np.float32)
    for _ in range(times):
        for layer in range(len(weights.attention_proj.scales_LO)):
            first = 0 if layer < len(weights.attention_proj.scales_LO) - 1 else N - 1  # as in kernels.read
            kernels.multiply(weights.query_key_value, layer, x_NC, qkv_NC)
            kernels.multiply(weights.attention_proj, layer, x_NC[first:], y_NC[first:])
            kernels.multiply(weights.expand, layer, x_NC[first:], hidden_NK[first:])
            kernels.multiply(weights.feed_forward_proj, layer, x_NK[first:], y_NC[first:])


@_compiled
def attend(weights, cache, N, t, times):
    C = weights.token_VC.shape[1]
    qkv_NC, heads_NC = np.ones((N, 3 * C + kernels.ROOM), np.float32), np.empty((N, C + kernels.ROOM), np.float32)
    for _ in range(times):
        for layer in range(len(weights.attention_proj.scales_LO)):
            first = 0 if layer < len(weights.attention_proj.scales_LO) - 1 else N - 1
            kernels.attention(weights.heads, cache, layer, t, qkv_NC, first, heads_NC)


@_compiled
def norm(weights, N, times):
    x_NC = np.ones((N, weights.token_VC.shape[1]), np.float32)
    y_NC, inner = np.empty_like(x_NC), weights.expand.scales_LO.shape[1] // 2
    hidden_NK = np.empty((N, 2 * inner), np.float32)
    for _ in range(times):
        for layer in range(len(weights.attention_proj.scales_LO)):
            kernels.norm_rows(weights.attention_norm, layer, x_NC, y_NC)
            kernels.norm_rows(weights.feed_forward_norm, layer, x_NC, y_NC)
            hidden_NK[:] = 1
            for n in range(N):
                kernels.activate(hidden_NK[n, :inner], hidden_NK[n, inner:], weights.gated)


if __name__ == "__main__":
    main()
