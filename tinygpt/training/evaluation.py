"""How well a model predicts a text: a quick estimate while training, and the loss that is published."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tinygpt.checkpoint.reading import BEST, HISTORY
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint, load_checkpoint
from tinygpt.data.dataset import Dataset, check_fits, get_batch
from tinygpt.model.gpt import GPTLanguageModel, evaluating

PUBLISHED_BLOCK = 256  # characters
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FullLoss:
    """The mean loss over all characters of a split."""

    nats: float  # per character
    block_size: int  # characters the model saw at most
    predicted: int  # characters the mean is taken over

    @property
    def bits(self) -> float:
        """The loss in bits per character."""
        return self.nats / math.log(2)

    def __str__(self) -> str:
        return (
            f"{self.nats:.4f} nats ({self.bits:.4f} bits) per character, "
            f"{self.predicted:,} characters in blocks of {self.block_size}"
        )


@torch.no_grad()
def estimate_loss(
    model: GPTLanguageModel, dataset: Dataset, batch_size: int, eval_iters: int, seed: int = 0
) -> dict[str, float]:
    """Estimate the loss on each split, in nats per character, from `eval_iters` random batches.

    The batches depend on the seed alone and are sampled by a generator of their own, so that two
    estimates differ by the model only and training's random numbers stay as they are.

    Returns a dict with the keys "train" and "validation". Raises ValueError for a split that is too short for a batch.
    """
    device = model.lm_head.weight.device
    losses = {}
    for name, data in (("train", dataset.train), ("validation", dataset.validation)):
        generator = torch.Generator().manual_seed(seed)
        total = torch.zeros((), device=device)  # read only at the end: each reading waits for the GPU
        with evaluating(model):
            for _ in range(eval_iters):
                x_BT, y_BT = get_batch(data, batch_size, model.config.block_size, generator)
                total += model(x_BT.to(device), y_BT.to(device))[1]
        losses[name] = total.item() / eval_iters
    return losses


@torch.no_grad()
def evaluate_full(model: nn.Module, data: Tensor, block_size: int = PUBLISHED_BLOCK) -> FullLoss:
    """Compute the published loss: the mean of -ln p over every character of `data`, ids of shape (N,), but the first.

    The text is cut into blocks of 256 that do not overlap; the model sees nothing before a block,
    and the shorter last block counts too. A model with a smaller context uses its own. Computed in
    float32, without autocast.

    Raises ValueError when `data` has fewer than two characters.
    """
    size = min(block_size, model.config.block_size)
    return _evaluate(model, data, size, size)


@torch.no_grad()
def evaluate_sliding(model: nn.Module, data: Tensor, stride: int) -> FullLoss:
    """Compute the loss on `data`, as evaluate_full does, in windows of the model's context `stride` characters apart.

    All but the first `block_size - stride` characters are predicted from at least as many before
    them. That lowers the loss, so it is not comparable with the published one.

    Raises ValueError when `data` has fewer than two characters.
    """
    return _evaluate(model, data, model.config.block_size, stride)


def measure_checkpoint(folder: str | Path, data: Tensor, device: torch.device | str = "cpu") -> FullLoss:
    """Compute the published loss of a checkpoint on a validation split, and add it to the config.json.

    Raises as read_checkpoint and evaluate_full do.
    """
    full = evaluate_full(load_checkpoint(folder, device)[0], data)
    annotate_checkpoint(folder, validation_loss=full.nats, validation_block_size=full.block_size)
    return full


def measure_run(folder: Path, data: Tensor, device: torch.device | str = "cpu") -> FullLoss:
    """Measure the checkpoints of a run as measure_checkpoint does: the published one, its snapshots, the best one.

    Returns the loss of the published one. Of others that are damaged, a warning is logged. Raises as measure_checkpoint
    does.
    """
    full = measure_checkpoint(folder, data, device)
    for other in [*sorted(folder.glob(f"{HISTORY}/*")), *folder.glob(BEST)]:
        try:
            measure_checkpoint(other, data, device)
        except (OSError, ValueError) as error:
            _log.warning("The weights in %s cannot be measured: %s", other, error)
    return full


def _evaluate(model: nn.Module, data: Tensor, size: int, stride: int) -> FullLoss:
    """The mean loss over windows of `size`, each character counted in the first window that predicts it."""
    check_fits(data, 1)
    device = next(model.parameters()).device
    count = len(data) - 1  # of predicted characters
    whole = range(0, count - size + 1, stride)
    batches = [torch.tensor(whole[i : i + 32]) for i in range(0, len(whole), 32)]
    end = whole[-1] + size if whole else 0  # of what these predict
    total = 0.0
    with evaluating(model):
        for starts_B in batches:
            windows_BT = data[starts_B[:, None] + torch.arange(size + 1)].long().to(device)
            losses_BT = _losses(model, windows_BT)
            new = losses_BT[:, -stride:]
            total += new.sum().item()
            if starts_B[0] == 0:
                total += losses_BT[0, :-stride].sum().item()
        if end < count:
            rest = data[max(0, end - (size - stride)) :].long().to(device)
            total += _losses(model, rest[None])[:, end - count :].sum().item()
    return FullLoss(total / count, size, count)


def _losses(model: nn.Module, windows_BT: Tensor) -> Tensor:
    """-ln p of every character but the first, for each row separately."""
    logits_BTV = model(windows_BT[:, :-1]).float()
    return F.cross_entropy(logits_BTV.transpose(1, 2), windows_BT[:, 1:], reduction="none")
