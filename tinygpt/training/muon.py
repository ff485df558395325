"""Muon (Jordan et al., 2024) for many small matrices: those of one shape are made orthogonal together.

torch's Muon takes one matrix after the other. In a small model, that takes longer than the products themselves.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Muon


class BatchedMuon(Muon):
    """Muon with Nesterov momentum and Jordan's coefficients; its steps differ from torch's by rounding only."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float, ns_steps: int):
        super().__init__(parameters, lr, weight_decay, ns_steps=ns_steps)

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient."""
        for group in self.param_groups:
            shapes = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[parameter.shape].append(parameter)
            for parameters in shapes.values():
                self._step(parameters, **{name: group[name] for name in ("lr", "weight_decay", "momentum", "ns_steps")})

    def _step(self, parameters: list[Tensor], lr: float, weight_decay: float, momentum: float, ns_steps: int) -> None:
        """Update parameters of one shape."""
        gradients = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            if parameter not in self.state:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        means = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        updates_NRC = orthogonalize(torch.stack(torch._foreach_lerp(gradients, means, momentum)), ns_steps)
        rows, columns = parameters[0].shape
        torch._foreach_mul_(parameters, 1 - lr * weight_decay)
        torch._foreach_add_(parameters, list(updates_NRC.float()), alpha=-lr * max(1, rows / columns) ** 0.5)


def orthogonalize(matrices_NRC: Tensor, steps: int) -> Tensor:
    """Return the nearest orthogonal matrix of each, roughly: its singular values are about 0.5 to 1.5.

    Five Newton-Schulz steps are enough for that; the polynomial's coefficients are Jordan's. The result is in bfloat16.

    Args:
        matrices_NRC: N matrices of R rows and C columns.
        steps: number of Newton-Schulz steps.
    """
    a, b, c = 3.4445, -4.775, 2.0315
    x_NRC = matrices_NRC.bfloat16()
    tall = x_NRC.size(1) > x_NRC.size(2)
    if tall:
        x_NRC = x_NRC.mT
    x_NRC = x_NRC / torch.linalg.matrix_norm(x_NRC, keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram_NRR = x_NRC @ x_NRC.mT
        gram_NRR = torch.baddbmm(gram_NRR, gram_NRR, gram_NRR, beta=b, alpha=c)
        x_NRC = torch.baddbmm(x_NRC, gram_NRR, x_NRC, beta=a)
    return x_NRC.mT if tall else x_NRC
