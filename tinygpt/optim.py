"""The optimizers and the learning rate of each step."""

import math

from torch.optim import AdamW, Muon, Optimizer

from tinygpt.config import TrainConfig
from tinygpt.model import GPTLanguageModel


def build_optimizers(model: GPTLanguageModel, config: TrainConfig) -> list[Optimizer]:
    """AdamW for everything, or Muon for the blocks' matrices and AdamW for the rest.

    Muon (Jordan et al., 2024) replaces a matrix's gradient by the nearest orthogonal matrix, so
    that every direction is learned at one rate; that makes sense only for weights that map one
    hidden vector to another. Vectors (norms, biases) are not decayed. Each group remembers its
    highest rate under "peak"; set_learning_rate scales it.
    """
    muon = [p for p in model.blocks.parameters() if p.ndim == 2] if config.optimizer == "muon" else []
    taken = set(map(id, muon))
    rest = [p for p in model.parameters() if id(p) not in taken]
    adamw = AdamW(
        [
            {"params": [p for p in rest if p.ndim >= 2], "weight_decay": config.weight_decay},
            {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        fused=True,
    )
    optimizers: list[Optimizer] = [adamw]
    if muon:
        rates = {"lr": config.muon_learning_rate, "weight_decay": config.muon_weight_decay}
        optimizers.append(Muon(muon, **rates, ns_steps=config.muon_steps))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def set_learning_rate(optimizers: list[Optimizer], share: float) -> None:
    """Set every group's rate to `share` of its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = share * group["peak"]


def learning_rate_share(step: int, config: TrainConfig) -> float:
    """The share, 0 to 1, of the highest learning rate that step number `step` (from 0) uses.

    A straight rise over the warm-up, a flat stretch, then a fall to `final_share`: never zero
    before the last step is done.
    """
    if step < config.warmup_iters:
        return (step + 1) / (config.warmup_iters + 1)
    if config.decay == "none":
        return 1.0
    start = max(config.warmup_iters, round(config.max_iters * (1 - config.decay_share)))
    if step < start:
        return 1.0
    progress = (step - start) / (config.max_iters - start)
    height = 1 - progress if config.decay == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return config.final_share + (1 - config.final_share) * height
