"""Measure the published loss of a checkpoint, and other losses under their own names.

python -m benchmarks.loss [--weights FOLDER|USER/NAME]   the published loss
python -m benchmarks.loss --stride 32                    overlapping windows
python -m benchmarks.loss --block-size 512               a longer (or shorter) context
python -m benchmarks.loss --weights ONE TWO THREE        the mean of several models' probabilities
python -m benchmarks.loss --other-text FILE              all of another text, spelled in the model's characters
"""

import time
from dataclasses import replace

import torch

from benchmarks.command import header, make_parser, one_line_errors
from tinygpt.checkpoint.reading import read_facts
from tinygpt.data.dataset import load_dataset
from tinygpt.data.download import DEFAULT_URL
from tinygpt.data.text_files import open_text, sha256_of
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.fields import FieldError, Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.training.distillation import Ensemble, load_ensemble
from tinygpt.training.evaluation import PUBLISHED_BLOCK, evaluate_full, evaluate_sliding


def main() -> None:
    """Run the command."""
    parser = make_parser("loss", __doc__)
    parser.add_argument("--weights", nargs="+", default=[str(SHIPPED)], metavar="FOLDER|USER/NAME")
    texts = parser.add_mutually_exclusive_group()
    texts.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE", help="the text that was trained on")
    texts.add_argument("--other-text", metavar="FILE", help="another text, to measure all of it")
    parser.add_argument("--stride", type=int, metavar="N", help="characters between the starts of two windows")
    parser.add_argument("--block-size", type=int, metavar="N", help="another context than the published 256")
    args = parser.parse_args()
    with one_line_errors(parser):
        folders = [find_weights(weights) for weights in args.weights]
        if args.other_text is not None:
            tokenizer = TextEncoderDecoder(read_facts(folders[0])["vocabulary"])
            data, sha256 = read_other(args.other_text, tokenizer)
        else:
            dataset = load_dataset(args.data)
            tokenizer, data, sha256 = dataset.tokenizer, dataset.validation, dataset.sha256
        models = load_ensemble(folders, tokenizer, torch.device("cpu")).models
        if args.block_size is not None:
            Integer(1, 65_536).checked("block_size", args.block_size)
            models = [with_context(model, args.block_size) for model in models]
        if args.stride is not None:
            Integer(1, models[0].config.block_size).checked("stride", args.stride)
    model = models[0] if len(models) == 1 else Ensemble(models)
    name = f"of an ensemble of {len(models)}, " if len(models) > 1 else ""
    name += "another text, " if args.other_text else ""
    start = time.perf_counter()
    if args.stride:
        name += f"sliding windows with a stride of {args.stride}"
        loss = evaluate_sliding(model, data, args.stride)
    else:
        name += "with another context" if args.block_size else "blocks as published"
        loss = evaluate_full(model, data, args.block_size or PUBLISHED_BLOCK)
    print(header("none, nothing is random"))
    for weights, folder in zip(args.weights, folders, strict=True):
        print(f"weights   {weights}, sha256 {read_facts(folder)['weights_sha256']}")
    print(f"text      sha256 {sha256}")
    print(f"loss      {loss} ({name})")
    print(f"time      {time.perf_counter() - start:.1f} s")


def read_other(path: str, tokenizer: TextEncoderDecoder) -> tuple[torch.Tensor, str]:
    """Return the ids of a whole text, normalized to the characters of a tokenizer, and the sha256 of the file.

    Raises as open_text and TextSource.chunks do, and ValueError for fewer than two characters that it knows.
    """
    source = open_text(path)
    text, _ = tokenizer.normalize("".join(source.chunks()))
    if len(text) < 2:
        raise ValueError(f"{path} has fewer than two characters that the model knows: name a longer text")
    return torch.tensor(tokenizer.encode(text)), sha256_of([source])


def with_context(model: GPTLanguageModel, block_size: int) -> GPTLanguageModel:
    """Return a model with the same weights and another context. Raises FieldError for more than its learned positions.

    A model with learned positions is returned as it is: evaluate_full cuts its blocks shorter.
    """
    if model.config.family == "gpt" and block_size > model.config.block_size:
        learned = model.config.block_size
        raise FieldError("block_size", f"must be at most {learned}, the positions that this model has learned")
    if model.config.family == "gpt":
        return model
    other = GPTLanguageModel(replace(model.config, block_size=block_size))
    other.load_state_dict(model.state_dict())
    return other


if __name__ == "__main__":
    main()
