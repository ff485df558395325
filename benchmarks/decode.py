"""Time text generation on a processor beside other programs, all in one run.

python -m benchmarks.decode                               our engines, and torch without a cache
python -m benchmarks.decode --llama2c RUN --runq RUNQ     also llama2.c, which you build for your machine
python -m benchmarks.decode --transformers                also generate() of transformers
python -m benchmarks.decode --onnxruntime                 also ONNX Runtime (pip install onnx onnxruntime)

256 characters from an empty context, one thread each. Every round times each of them once, so that a busy machine slows
all of them; what counts are the ratios of the medians. The numba engine guesses characters from what it has written
before. It writes at temperature 0.8, in every round a text of another seed, after 40 texts of yet other seeds; how fast
it is before is printed, too. The speed of the other programs does not depend on what they write: they are greedy.
"""

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from itertools import count, repeat
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks import baselines
from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from benchmarks.onnx_baseline import onnxruntime
from tinygpt.checkpoint.torch_checkpoint import load_checkpoint
from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.device import choose_device
from tinygpt.engines.engine import Engine
from tinygpt.engines.selection import as_engine, fastest
from tinygpt.engines.weight_layout import no_guesses
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.generation import stream
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.model.quantization import fake_quantize

SEED = 1
SAMPLED = SampleConfig(max_new_tokens=baselines.LENGTH, temperature=0.8, seed=SEED)
GREEDY = replace(SAMPLED, temperature=0)
PRACTICE = 40  # texts that the numba engine has written before it is timed
LONG = 5000  # characters of a text far longer than the context
Rates = dict[str, Callable[[], float]]  # by name, a function that returns characters per second


def main() -> None:
    """Run the command."""
    parser = make_parser("decode", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--llama2c", type=Path, metavar="RUN", help="a build of llama2.c's run")
    parser.add_argument("--runq", type=Path, metavar="RUNQ", help="a build of llama2.c's runq")
    parser.add_argument("--transformers", action="store_true", help="time transformers' generate too")
    parser.add_argument("--onnxruntime", action="store_true", help="time a one-step graph in ONNX Runtime too")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="measurements of each (default: 15)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with one_line_errors(parser):
        Integer(1, 1000).checked("rounds", args.rounds)
        model, tokenizer = load_checkpoint(find_weights(args.weights))
        if reason := fastest(model).slower_because:
            raise ValueError(f"there is no numba engine to time here: {reason}")
        shape = model.config
        with tempfile.TemporaryDirectory() as folder:
            decoders = ours(model, tokenizer) | others(args, shape, Path(folder))
            print(header(SEED))
            print(f"model     {shape.n_layer} layers, {shape.n_embd} wide\n")
            rates = measure(decoders, args.rounds)
    empty = torch.zeros((1, 1), dtype=torch.long)
    rates["torch, no cache, once"] = rate(lambda: model.generate(empty, baselines.LENGTH, temperature=0))
    for name, value in rates.items():
        print(f"{name:30} {value:8,.0f} characters per second; numba is {rates['numba'] / value:5.2f} times as fast")
    print_details(model, tokenizer, args.rounds)


def ours(model: GPTLanguageModel, tokenizer: TextEncoderDecoder) -> Rates:
    """Our engines."""

    def timed(engine: Engine, settings: SampleConfig) -> Callable[[], float]:
        seeds = count(SEED) if settings.temperature else repeat(SEED)
        return lambda: rate(lambda: list(stream(engine, tokenizer, settings=replace(settings, seed=next(seeds)))))

    decoders = {
        "numba": timed(fastest(model), SAMPLED),
        "numba, without guesses": timed(without_guesses(model), SAMPLED),
        "numba, greedy": timed(fastest(model), GREEDY),
        "torch": timed(as_engine(model), GREEDY),
    }
    if (device := choose_device()).type != "cpu":
        decoders[f"torch on {device}"] = timed(as_engine(deepcopy(model).to(device)), GREEDY)
    return decoders


def without_guesses(model: GPTLanguageModel) -> Engine:
    """A numba engine that reads one character in each pass over the weights."""
    engine = fastest(model)
    engine.guesses = no_guesses(slots=0)
    return engine


def others(args: argparse.Namespace, shape: GPTConfig, folder: Path) -> Rates:
    """The other programs that were asked for, with models of the same shape."""
    decoders = {}
    if args.llama2c or args.runq or args.transformers or args.onnxruntime:
        baselines.check_shape(shape)
    if args.llama2c:
        decoders["llama2.c run"] = baselines.llama2c(args.llama2c, shape, folder, quantize=False)
    if args.runq:
        decoders["llama2.c runq"] = baselines.llama2c(args.runq, shape, folder, quantize=True)
    if args.transformers:
        decoders["transformers generate"] = baselines.transformers(shape)
    if args.onnxruntime:
        decoders["ONNX Runtime, float32"] = onnxruntime(shape)
    return decoders


def measure(decoders: Rates, rounds: int) -> dict[str, float]:
    """The median rate of each, over rounds in which each is timed once."""
    for name, measured in decoders.items():
        for _ in range(PRACTICE if name == "numba" else 1):
            measured()  # compiles, fills caches
    table = [[measured() for measured in decoders.values()] for _ in range(rounds)]
    return {name: median(column) for name, column in zip(decoders, zip(*table, strict=True), strict=True)}


def rate(write: Callable[[], object]) -> float:
    """Characters per second of a call that writes LENGTH characters."""
    return baselines.LENGTH / seconds(write)


def print_details(model: GPTLanguageModel, tokenizer: TextEncoderDecoder, rounds: int) -> None:
    """Print what the rate of the numba engine depends on, and what bounds it."""
    config, rounds = model.config, min(rounds, 9)
    guessing, engine, seeds = fastest(model), without_guesses(model), count(SEED)

    def text(engine: Engine, length: int = config.block_size, temperature: float = 0.8) -> Callable[[], float]:
        settings = replace(SAMPLED, max_new_tokens=length, temperature=temperature)
        return lambda: (
            length / seconds(lambda: list(stream(engine, tokenizer, settings=replace(settings, seed=next(seeds)))))
        )

    def in_turn(*rates: Callable[[], float]) -> list[float]:
        return [median(column) for column in zip(*([each() for each in rates] for _ in range(rounds)), strict=True)]

    print("\nwith guesses, begun after so many characters")
    for first in range(0, 5 * rounds, rounds):
        begun = f"{first * config.block_size:,} to {(first + rounds - 1) * config.block_size:,}"
        print(f"  {begun:31}{in_turn(text(guessing))[0]:8,.0f}")
    print("and after those")
    for temperature, pace in zip(
        (1.3, 2), in_turn(text(guessing, temperature=1.3), text(guessing, temperature=2)), strict=True
    ):
        print(f"  at temperature {temperature:<16g}{pace:8,.0f}")
    for name, each in {"with": guessing, "without": engine}.items():
        window, long = in_turn(text(each), text(each, LONG))
        print(
            f"{LONG:,} characters, {name + ' guesses':16}{long:8,.0f}, {window / long:.2f} times as long per character"
        )
    (alone,) = in_turn(lambda: write_rate(engine))
    with ThreadPoolExecutor(2) as pool:
        both = median(
            2 * config.block_size / seconds(lambda: list(pool.map(write_rate, [engine] * 2))) for _ in range(rounds)
        )
    print("\nwithout guesses")
    print(f"one text, one thread             {alone:8,.0f} characters per second")
    print(f"two texts, two threads           {both:8,.0f}, {both / alone:.2f} times as many")
    prompt = [[1] * config.block_size]
    prefill = config.block_size / median(seconds(lambda: engine.open_reader(1).read(prompt)) for _ in range(rounds))
    print(f"reading a prompt of {config.block_size:<13}{prefill:8,.0f}")
    step = -(-config.block_size // 8)
    for first in range(0, config.block_size, step):
        length = min(step, config.block_size - first)
        pace = median(write_rate(engine, first, length) for _ in range(rounds))
        print(f"  positions {first:3} to {first + length - 1:3}           {pace:8,.0f}")
    for width in (64, 128, 192, 256, 384):
        other = without_guesses(random_model(replace(config, n_embd=width, n_head=width // 64)))
        print(f"  {width:3} wide, random weights     {median(write_rate(other) for _ in range(rounds)):8,.0f}")
    size = weight_bytes(model)
    numbers = np.ones(size // 4, np.float32)
    best = max(size / seconds(lambda: numbers.dot(numbers)) for _ in range(50))
    print(f"\nweights   {size / 1e6:.2f} MB, read at {alone * size / 1e9:.1f} GB/s; ", end="")
    print(f"this machine reads an array of that size at {best / 1e9:.1f} GB/s on one thread")


def write_rate(engine: Engine, first: int = 0, length: int | None = None) -> float:
    """Characters per second from position `first` on: of `length`, or of all that the window has room for."""
    reader, length = engine.open_reader(1), length or engine.config.block_size - first
    if first:
        reader.read([[1] * first])
    return length / seconds(lambda: reader.write([1], length, GREEDY, 0))


def weight_bytes(model: GPTLanguageModel) -> int:
    """Bytes of the matrices that the numba engine reads for each character: one per weight where 8 bits are exact."""
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    matrices = [array for name, array in tensors.items() if array.ndim == 2 and not name.startswith("embedding")]
    exact = all(np.array_equal(fake_quantize(array), array) for array in matrices)
    return sum(array.size if exact else array.nbytes for array in matrices)


def random_model(config: GPTConfig) -> GPTLanguageModel:
    """A model with random weights that 8 bits hold exactly."""
    torch.manual_seed(SEED)
    model = GPTLanguageModel(config)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.data = torch.from_numpy(fake_quantize(parameter.detach().numpy()))
    return model


if __name__ == "__main__":
    main()
