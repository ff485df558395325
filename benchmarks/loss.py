"""The published loss of a checkpoint, and others beside it under their own names.

python benchmarks/loss.py [--weights FOLDER|USER/NAME]   the published loss
python benchmarks/loss.py --stride 32                    with windows that overlap
python benchmarks/loss.py --block-size 512               with a longer (or shorter) context
python benchmarks/loss.py --weights ONE TWO THREE        of the mean of several models' probabilities
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from machine import describe

from tinygpt.config import check_integer
from tinygpt.data import load_dataset
from tinygpt.download import DEFAULT_URL
from tinygpt.ensemble import Ensemble, load_ensemble
from tinygpt.evaluation import PUBLISHED_BLOCK, evaluate_full, evaluate_sliding
from tinygpt.flags import SHIPPED, Parser
from tinygpt.hub import find_weights
from tinygpt.model import GPTLanguageModel
from tinygpt.stored import read_facts


def main() -> None:
    parser = Parser(prog="loss.py", description="Measure a checkpoint on the whole validation split.")
    parser.add_argument("--weights", nargs="+", default=[str(SHIPPED)], metavar="FOLDER|USER/NAME")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE")
    parser.add_argument("--stride", type=int, metavar="N", help="characters from one window to the next")
    parser.add_argument("--block-size", type=int, metavar="N", help="another context than the published 256")
    args = parser.parse_args()
    try:
        folders = [find_weights(weights) for weights in args.weights]
        dataset = load_dataset(args.data)
        models = load_ensemble(folders, dataset.tokenizer, torch.device("cpu")).models
        if args.block_size is not None:
            check_integer("block_size", args.block_size, 1, 65_536)
            models = [with_context(model, args.block_size) for model in models]
        if args.stride is not None:
            check_integer("stride", args.stride, 1, models[0].config.block_size)
    except (ValueError, OSError) as error:
        sys.exit(f"loss.py: {error}")
    model = models[0] if len(models) == 1 else Ensemble(models)
    name = f"of an ensemble of {len(models)}, " if len(models) > 1 else ""
    start = time.perf_counter()
    if args.stride:
        name += f"sliding windows, each {args.stride} characters on"
        loss = evaluate_sliding(model, dataset.validation, args.stride)
    else:
        name += "blocks as published" if not args.block_size else "with another context"
        loss = evaluate_full(model, dataset.validation, args.block_size or PUBLISHED_BLOCK)
    print(f"machine   {describe()}")
    for weights, folder in zip(args.weights, folders, strict=True):
        print(f"weights   {weights}, sha256 {read_facts(folder)['weights_sha256']}")
    print(f"text      sha256 {dataset.sha256}, no seed: nothing is drawn")
    print(f"loss      {loss} ({name})")
    print(f"time      {time.perf_counter() - start:.1f} s")


def with_context(model: GPTLanguageModel, block_size: int) -> GPTLanguageModel:
    """The same weights, reading another number of characters at once; learned positions cannot become more."""
    if model.config.family == "gpt" and block_size > model.config.block_size:
        raise ValueError(f"this model has learned {model.config.block_size} positions; --block-size cannot be more")
    if model.config.family == "gpt":
        return model
    other = GPTLanguageModel(replace(model.config, block_size=block_size))
    other.load_state_dict(model.state_dict())
    return other


if __name__ == "__main__":
    main()
