"""Measure teachers together on held-out training text: the mean of their probabilities, mixed with an n-gram model's.

python -m benchmarks.teachers FOLDER ...   runs that `python -m benchmarks.sweep --keep` has kept

The validation text is not used: the runs have learned the first 90 % of the training text, and the rest of it is
predicted, in blocks as for the published loss. The n-gram model has counted the same 90 %, and reads on across blocks.
"""

from itertools import combinations

import torch
from torch import Tensor

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.sweep import held_out
from tinygpt.data.dataset import load_dataset
from tinygpt.data.download import DEFAULT_URL
from tinygpt.training.distillation import check_teacher, load_ensemble
from tinygpt.training.evaluation import PUBLISHED_BLOCK
from tinygpt.training.ngram import ngram_predictions

WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)  # of the n-gram model


def main() -> None:
    """Run the command."""
    parser = make_parser("teachers", __doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE", help="default: Tiny Shakespeare")
    args = parser.parse_args()
    with one_line_errors(parser):
        whole = load_dataset(args.data)
        dataset = held_out(whole)
        for folder in args.folders:
            check_teacher(folder, dataset)
        ensemble = load_ensemble(args.folders, dataset.tokenizer, torch.device("cpu"))
    text = dataset.validation.long()
    block_size = min(PUBLISHED_BLOCK, ensemble.config.block_size)
    each_MNV = torch.stack([block_predictions(model, text, block_size) for model in ensemble.models])
    # The held-out text is the last of the ten parts that n-gram models predict, each from the nine others.
    ngram_NV = ngram_predictions(whole.train, dataset.tokenizer.vocab_size)[len(dataset.train) : -1].float()
    print(header("none, nothing is random"))
    for number, folder in enumerate(args.folders, 1):
        print(f"teacher {number:<4} {folder}")
    print("\n" + " ".join([f"{'teachers':12}", *(f"{f'n-gram {weight:g}':>11}" for weight in WEIGHTS)]))
    count = len(each_MNV)
    for size in sorted({1, 2, count - 1, count} & {*range(1, count + 1)}):
        for chosen in combinations(range(count), size):
            mean_NV = each_MNV[list(chosen)].mean(dim=0)
            losses = [nats(mean_NV.lerp(ngram_NV, weight), text) for weight in WEIGHTS]
            names = " ".join(str(number + 1) for number in chosen)
            print(" ".join([f"{names:12}", *(f"{loss:11.4f}" for loss in losses)]))


@torch.no_grad()
def block_predictions(model: torch.nn.Module, text_N: Tensor, block_size: int) -> Tensor:
    """What a model predicts for each character of a text but the first, in blocks that do not overlap: p_NV."""
    inputs = text_N[:-1].split(block_size)
    return torch.cat([model.eval()(block[None])[0].float().softmax(dim=-1) for block in inputs])


def nats(predictions_NV: Tensor, text_N: Tensor) -> float:
    """The mean of -ln p over the characters of a text but the first."""
    return -predictions_NV.gather(1, text_N[1:, None]).log().mean().item()


if __name__ == "__main__":
    main()
