"""How well a model predicts a text: a quick estimate while training, and the figure we publish."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.data import Dataset, check_fits, get_batch
from tinygpt.model import GPTLanguageModel, evaluating

PUBLISHED_BLOCK = 256  # characters


@dataclass(frozen=True)
class FullLoss:
    """The loss over a whole split."""

    nats: float
    block_size: int  # characters the model saw at most
    predicted: int  # characters it was scored on

    @property
    def bits(self) -> float:
        return self.nats / math.log(2)

    def __str__(self) -> str:
        return (
            f"{self.nats:.4f} nats ({self.bits:.4f} bits) a character, "
            f"{self.predicted:,} characters in blocks of {self.block_size}"
        )


@torch.no_grad()
def estimate_loss(
    model: GPTLanguageModel, dataset: Dataset, batch_size: int, eval_iters: int, seed: int = 0
) -> dict[str, float]:
    """The mean loss over `eval_iters` random batches of each split, in nats.

    The same batches every time for one seed, from a generator of its own: two estimates differ by
    the model alone, and training's randomness is not touched.
    """
    device = model.lm_head.weight.device
    losses = {}
    for name, data in (("train", dataset.train), ("validation", dataset.validation)):
        generator = torch.Generator().manual_seed(seed)
        total = 0.0
        with evaluating(model):
            for _ in range(eval_iters):
                x_BT, y_BT = get_batch(data, batch_size, model.config.block_size, generator)
                total += model(x_BT.to(device), y_BT.to(device))[1].item()
        losses[name] = total / eval_iters
    return losses


@torch.no_grad()
def evaluate_full(model: nn.Module, data: Tensor, block_size: int = PUBLISHED_BLOCK) -> FullLoss:
    """The published loss: the mean of -ln p over every character of `data` but the first.

    Blocks of 256 do not overlap, each is seen without anything before it, and the shorter last one
    counts too. A model with a smaller context uses its own. Float32, without autocast.

    Raises ValueError when `data` is shorter than two characters.
    """
    size = min(block_size, model.config.block_size)
    return _evaluate(model, data, size, size)


@torch.no_grad()
def evaluate_sliding(model: nn.Module, data: Tensor, stride: int) -> FullLoss:
    """The same with windows that overlap: all but the first `block_size - stride` characters of a
    text are predicted from at least as many before them. It flatters a model, and is no published loss.

    Raises ValueError when `data` is shorter than two characters.
    """
    return _evaluate(model, data, model.config.block_size, stride)


def _evaluate(model: nn.Module, data: Tensor, size: int, stride: int) -> FullLoss:
    """Windows of `size`, each `stride` after the one before; what an earlier one predicted does not count again."""
    check_fits(data, 1)
    device = next(model.parameters()).device
    count = len(data) - 1  # of predicted characters
    whole = range(0, count - size + 1, stride)
    batches = [torch.tensor(whole[i : i + 32]) for i in range(0, len(whole), 32)]
    end = whole[-1] + size if whole else 0  # of what these predict
    total = 0.0
    with evaluating(model):
        for starts_B in batches:
            stretches_BT = data[starts_B[:, None] + torch.arange(size + 1)].long().to(device)
            losses_BT = _losses(model, stretches_BT)
            new = losses_BT[:, -stride:]
            total += new.sum().item()
            if starts_B[0] == 0:
                total += losses_BT[0, :-stride].sum().item()
        if end < count:
            rest = data[max(0, end - (size - stride)) :].long().to(device)
            total += _losses(model, rest[None])[:, end - count :].sum().item()
    return FullLoss(total / count, size, count)


def _losses(model: nn.Module, stretches_BT: Tensor) -> Tensor:
    """-ln p of every character but the first, each row by itself."""
    logits_BTV = model(stretches_BT[:, :-1]).float()
    return F.cross_entropy(logits_BTV.transpose(1, 2), stretches_BT[:, 1:], reduction="none")
