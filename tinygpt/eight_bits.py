"""Weights in 8 bits: each row of a matrix as whole numbers from -127 to 127 times a power of two.

A trained model hardly notices. What is saved so is the same number in every floating-point format from half
precision up, and fits into one byte wherever bytes count. Rows (R) are outputs, columns (C) inputs.
"""

import torch
from torch import Tensor, nn

_LEAST = -24  # 2^-24 is the smallest number that half precision knows


def rounded(matrix_RC: Tensor) -> Tensor:
    """The nearest matrix of that kind: no number moves by more than 1/127 of its row's largest, or by 2^-25."""
    whole_RC, step_R1 = whole_numbers(matrix_RC)
    return whole_RC * step_R1


def whole_numbers(matrix_RC: Tensor) -> tuple[Tensor, Tensor]:
    """The whole numbers of the nearest such matrix, and each row's power of two: whole_RC in int8, step_R1."""
    largest_R1 = matrix_RC.abs().amax(dim=-1, keepdim=True)
    exponents_R1 = (largest_R1 / 127).log2().ceil().clamp_min(_LEAST)
    step_R1 = torch.ldexp(torch.ones_like(largest_R1), exponents_R1)
    return (matrix_RC / step_R1).round().to(torch.int8), step_R1


@torch.no_grad()
def round_matrices(model: nn.Module) -> None:
    """Round every matrix of a model, in place."""
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.copy_(rounded(parameter))
