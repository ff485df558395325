"""Weights in 8 bits: each row of a matrix as whole numbers from -127 to 127 times a power of two.

A trained model hardly notices. What is saved so is the same number in every floating-point format from half
precision up, and fits into one byte wherever bytes count. Rows (R) are outputs, columns (C) inputs.
"""

import numpy as np

_LEAST = -24  # 2^-24 is the smallest number that half precision knows


def rounded(matrix_RC: np.ndarray) -> np.ndarray:
    """The nearest matrix of that kind: no number moves by more than 1/127 of its row's largest, or by 2^-25."""
    whole_RC, steps_R1 = whole_numbers(matrix_RC)
    return whole_RC * steps_R1


def whole_numbers(matrix_RC: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The whole numbers of the nearest such matrix, in int8, and each row's power of two, steps_R1."""
    largest_R1 = np.abs(matrix_RC).max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):  # a row of zeros
        exponents_R1 = np.maximum(np.ceil(np.log2(largest_R1 / np.float32(127))), _LEAST)
    steps_R1 = np.ldexp(np.float32(1), exponents_R1.astype(np.int32))
    return (matrix_RC / steps_R1).round().astype(np.int8), steps_R1
