"""How fast a text is written on a processor, beside other ways to write it, all in one run.

python benchmarks/decode.py                               ours: compiled, torch with and without a cache
python benchmarks/decode.py --llama2c RUN --runq RUNQ     beside llama2.c, built by you for your machine
python benchmarks/decode.py --transformers                beside transformers' generate
python benchmarks/decode.py --onnxruntime                 beside ONNX Runtime (pip install onnx onnxruntime)

Greedy, 256 characters from an empty context, one thread each. The contenders take turns, so that a busy
machine is busy for all of them; what counts are the ratios of the medians.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import onnx_peer
import peers
import torch
from machine import describe, seconds

from tinygpt.checkpoint import load_checkpoint
from tinygpt.compiled import CompiledModel, fastest
from tinygpt.config import MAX_LENGTH, GPTConfig, SampleConfig, check_integer
from tinygpt.device import choose_device, one_core_a_stream
from tinygpt.eight_bits import rounded
from tinygpt.flags import SHIPPED, Parser
from tinygpt.generation import LanguageModel, stream
from tinygpt.hub import find_weights
from tinygpt.model import GPTLanguageModel
from tinygpt.shapes import shapes
from tinygpt.tokenizer import TextEncoderDecoder

SEED = 1
GREEDY = SampleConfig(max_new_tokens=peers.LENGTH, temperature=0, seed=SEED)


def main() -> None:
    parser = Parser(prog="decode.py", description=__doc__.split("\n")[0])
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--llama2c", type=Path, metavar="RUN", help="a build of llama2.c's run")
    parser.add_argument("--runq", type=Path, metavar="RUNQ", help="a build of llama2.c's runq")
    parser.add_argument("--transformers", action="store_true", help="time transformers' generate too")
    parser.add_argument("--onnxruntime", action="store_true", help="time a one-step graph in ONNX Runtime too")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="turns of each (default: 15)")
    args = parser.parse_args()
    one_core_a_stream()
    try:
        check_integer("rounds", args.rounds, 1, 1000)
        model, tokenizer = load_checkpoint(find_weights(args.weights))
        compiled, shape = fastest(model), model.config
        if not isinstance(compiled, CompiledModel):
            raise ValueError("numba is not there or cannot work, so there is no compiled model: pip install numba")
        with tempfile.TemporaryDirectory() as folder:
            contenders = ours(model, compiled, tokenizer) | others(args, shape, Path(folder))
            print(f"machine   {describe()}\nseed      {SEED}\nmodel     {shape.n_layer} layers, {shape.n_embd} wide\n")
            rates = measured(contenders, args.rounds)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"decode.py: {error}")
    empty = torch.zeros((1, 1), dtype=torch.long)
    rates["torch, plain loop, once"] = rate(lambda: model.generate(empty, peers.LENGTH, temperature=0))
    for name, value in rates.items():
        print(f"{name:30} {value:8,.0f} characters a second; compiled is {rates['compiled'] / value:5.2f} times that")
    print_details(compiled, tokenizer, rates["torch, cached"])


def ours(
    model: GPTLanguageModel, compiled: CompiledModel, tokenizer: TextEncoderDecoder
) -> dict[str, Callable[[], float]]:
    """How to time the ways to write that come along."""

    def timed(model: LanguageModel, settings: SampleConfig = GREEDY) -> Callable[[], float]:
        return lambda: rate(lambda: list(stream(model, tokenizer, settings=settings)))

    contenders = {
        "compiled": timed(compiled),
        "compiled, at temperature 0.8": timed(compiled, replace(GREEDY, temperature=0.8)),
        "torch, cached": timed(model),
    }
    if (device := choose_device()).type != "cpu":
        contenders[f"torch, cached, on {device}"] = timed(deepcopy(model).to(device))
    return contenders


def others(args: argparse.Namespace, shape: GPTConfig, folder: Path) -> dict[str, Callable[[], float]]:
    """How to time the other programs that were asked for, on models of the same shape."""
    contenders = {}
    if args.llama2c or args.runq or args.transformers or args.onnxruntime:
        peers.check_shape(shape)
    if args.llama2c:
        contenders["llama2.c run"] = peers.llama2c(args.llama2c, shape, folder, eight_bits=False)
    if args.runq:
        contenders["llama2.c runq"] = peers.llama2c(args.runq, shape, folder, eight_bits=True)
    if args.transformers:
        contenders["transformers generate"] = peers.transformers(shape)
    if args.onnxruntime:
        contenders["ONNX Runtime, float32"] = onnx_peer.onnxruntime(shape)
    return contenders


def measured(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Each one's median rate, over rounds in which all take a turn."""
    for turn in contenders.values():
        turn()  # compiles, fills caches
    turns = [[turn() for turn in contenders.values()] for _ in range(rounds)]
    return {name: median(column) for name, column in zip(contenders, zip(*turns, strict=True), strict=True)}


def rate(write: Callable[[], object]) -> float:
    """Characters a second of something that writes as many as all contenders do."""
    return peers.LENGTH / seconds(write)


def print_details(compiled: CompiledModel, tokenizer: TextEncoderDecoder, cached: float) -> None:
    """What the rate depends on, and what bounds it; `cached` is that of torch with its cache."""
    config = compiled.config
    alone = median(steps(compiled) for _ in range(9))
    with ThreadPoolExecutor(2) as pool:
        turns = [2 * config.block_size / seconds(lambda: list(pool.map(steps, [compiled] * 2))) for _ in range(9)]
    print(f"\none text, one thread             {alone:8,.0f} characters a second")
    print(f"two texts, two threads           {median(turns):8,.0f}, {median(turns) / alone:.2f} times one")
    prompt = [[1] * config.block_size]
    prefill = median(config.block_size / seconds(lambda: compiled.reader(1).read(prompt)) for _ in range(9))
    print(
        f"reading a prompt of {config.block_size:<13}{prefill:8,.0f}, {prefill / cached:.1f} times torch's cached loop"
    )

    def rate_of(length: int) -> float:
        settings = replace(GREEDY, max_new_tokens=length)
        return median(length / seconds(lambda: list(stream(compiled, tokenizer, settings=settings))) for _ in range(9))

    long, within = rate_of(MAX_LENGTH), rate_of(config.block_size)
    print(
        f"{MAX_LENGTH:,} characters, past context  {long:8,.0f}, each {within / long:.2f} times one of the first window"
    )
    for first in range(0, config.block_size, -(-config.block_size // 8)):
        count = min(-(-config.block_size // 8), config.block_size - first)
        pace = median(steps(compiled, first, count) for _ in range(9))
        print(f"  positions {first:3} to {first + count - 1:3}           {pace:8,.0f}")
    for width in (64, 128, 192, 256, 384):
        other = random_model(replace(config, n_embd=width, n_head=width // 64))
        print(f"  {width:3} wide, random weights     {median(steps(other) for _ in range(5)):8,.0f}")
    size = sum(part.weights_LGKW.nbytes for part in compiled.weights if hasattr(part, "weights_LGKW"))
    numbers = np.ones(size // 4, np.float32)
    best = max(size / seconds(lambda: numbers.dot(numbers)) for _ in range(50))
    print(f"\nweights   {size / 1e6:.2f} MB, read at {alone * size / 1e9:.1f} GB/s; ", end="")
    print(f"this machine reads an array of that size at {best / 1e9:.1f} GB/s on one thread")


def steps(model: CompiledModel, first: int = 0, count: int | None = None) -> float:
    """Characters a second from position `first` on, `count` or all that the window has room for."""
    reader, count = model.reader(1), count or model.config.block_size - first
    if first:
        reader.read([[1] * first])
    return count / seconds(lambda: reader.write([1], count, GREEDY, 0))


def random_model(config: GPTConfig) -> CompiledModel:
    """One of random weights that 8 bits hold."""
    random = np.random.default_rng(SEED)
    tensors = {name: 0.02 * random.standard_normal(shape, np.float32) for name, shape in shapes(config).items()}
    return CompiledModel(
        config, {name: rounded(array) if array.ndim == 2 else array for name, array in tensors.items()}
    )


if __name__ == "__main__":
    main()
