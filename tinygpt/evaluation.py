"""How well a model predicts a text: a quick estimate while training, and the figure we publish."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

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
def evaluate_full(model: GPTLanguageModel, data: Tensor, block_size: int = PUBLISHED_BLOCK) -> FullLoss:
    """The published loss: the mean of -ln p over every character of `data` but the first.

    Blocks of 256 do not overlap, each is seen without anything before it, and the shorter last one
    counts too. A model with a smaller context uses its own. Float32, without autocast.

    Raises ValueError when `data` is shorter than two characters.
    """
    check_fits(data, 1)
    device = model.lm_head.weight.device
    size = min(block_size, model.config.block_size)
    inputs, targets = data[:-1].long(), data[1:].long()
    whole = len(inputs) // size * size
    batches = list(zip(inputs[:whole].view(-1, size).split(32), targets[:whole].view(-1, size).split(32), strict=True))
    if whole < len(inputs):
        batches.append((inputs[None, whole:], targets[None, whole:]))
    total = 0.0
    with evaluating(model):
        for x_BT, y_BT in batches:
            logits_BTV = model(x_BT.to(device)).float()
            total += F.cross_entropy(logits_BTV.flatten(0, 1), y_BT.to(device).flatten(), reduction="sum").item()
    return FullLoss(total / len(targets), size, len(targets))
