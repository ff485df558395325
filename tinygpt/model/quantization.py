"""Quantization of weights to 8 bits: each row of a matrix as integers from -127 to 127 times a power of two.

The loss of a trained model hardly changes. A scale that is a power of two makes the quantized weights exact in
every floating-point format from half precision up. Rows (R) are outputs of a matrix, columns (C) its inputs.
"""

import numpy as np

_MIN_EXPONENT = -24  # 2^-24 is the smallest positive number in half precision


def fake_quantize(matrix_RC: np.ndarray) -> np.ndarray:
    """Round a float32 matrix to the nearest one that 8 bits can hold, still as float32.

    No element moves by more than 1/127 of its row's largest magnitude, or by 2^-25 where that is more.
    """
    integers_RC, scales_R1 = quantize(matrix_RC)
    return integers_RC * scales_R1


def quantize(matrix_RC: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantize a float32 matrix: int8 integers_RC and float32 scales_R1, whose product approximates it."""
    largest_R1 = np.abs(matrix_RC).max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):  # a row of zeros
        exponents_R1 = np.maximum(np.ceil(np.log2(largest_R1 / np.float32(127))), _MIN_EXPONENT)
    scales_R1 = np.ldexp(np.float32(1), exponents_R1.astype(np.int32))
    return (matrix_RC / scales_R1).round().astype(np.int8), scales_R1
