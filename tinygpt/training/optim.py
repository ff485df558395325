"""Optimizers, and the learning rate of each step."""

import math

from torch.optim import AdamW, Optimizer

from tinygpt.config import TrainConfig
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.training.muon import BatchedMuon


def build_optimizers(model: GPTLanguageModel, config: TrainConfig) -> list[Optimizer]:
    """Build AdamW for all parameters, or Muon for the blocks' matrices and AdamW for the rest.

    Muon (Jordan et al., 2024) replaces the gradient of a matrix by the nearest orthogonal matrix,
    so that all directions are learned at one rate. That makes sense only for weights that map one
    hidden vector to another. Vectors (norms, biases) have no weight decay. Each parameter group
    keeps its highest learning rate under "peak_lr", for set_learning_rate.
    """
    muon = [p for p in model.blocks.parameters() if p.ndim == 2] if config.optimizer == "muon" else []
    in_muon = set(map(id, muon))
    rest = [p for p in model.parameters() if id(p) not in in_muon]
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
        optimizers.append(BatchedMuon(muon, **rates, ns_steps=config.ns_steps))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def set_learning_rate(optimizers: list[Optimizer], multiplier: float) -> None:
    """Set the learning rate of every parameter group to `multiplier` times its highest one."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = multiplier * group["peak_lr"]


def lr_multiplier(step: int, config: TrainConfig) -> float:
    """Return the factor, above 0 and at most 1, of the highest learning rate at step `step`, counted from 0.

    The learning rate rises linearly over the warm-up, stays constant, and then decays to
    `min_lr_ratio`, which it would reach at the step after the last.
    """
    if step < config.warmup_iters:
        return (step + 1) / (config.warmup_iters + 1)
    if config.decay == "none":
        return 1.0
    start = max(config.warmup_iters, round(config.max_iters * (1 - config.decay_fraction)))
    if step < start:
        return 1.0
    progress = (step - start) / (config.max_iters - start)
    height = 1 - progress if config.decay == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return config.min_lr_ratio + (1 - config.min_lr_ratio) * height
