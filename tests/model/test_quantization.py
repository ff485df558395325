"""Quantized matrices are exact in one byte per weight, and near the original."""

import numpy as np
import pytest

from tinygpt.model.quantization import fake_quantize


@pytest.fixture(params=[1e-8, 1e-3, 0.02, 1.0, 300.0])
def matrix_RC(request):
    rows = (request.param * np.random.default_rng(0).standard_normal((50, 40))).astype(np.float32)
    rows[3] = 0  # as of a character that is not in the text
    rows[4, 7] *= 100
    return rows


def test_each_row_is_integers_up_to_127_times_a_power_of_two(matrix_RC):
    for row in fake_quantize(matrix_RC).astype(np.float64):
        exponent = next(e for e in range(20, -25, -1) if np.array_equal(row / 2.0**e, np.round(row / 2.0**e)))
        assert np.abs(row / 2.0**exponent).max() <= 127


def test_no_element_moves_by_more_than_1_127th_of_its_row_s_largest(matrix_RC):
    allowed_R1 = np.maximum(np.abs(matrix_RC).max(axis=1, keepdims=True) / 127, 2**-25)
    assert (np.abs(fake_quantize(matrix_RC) - matrix_RC) <= allowed_R1).all()


def test_quantizing_again_changes_nothing_and_half_precision_is_exact(matrix_RC):
    once = fake_quantize(matrix_RC)
    assert np.array_equal(fake_quantize(once), once)
    assert np.array_equal(once.astype(np.float16), once)


@pytest.mark.parametrize("largest", [127.0, 127 * 2.0**-9, 128.0, 2.0**-8, 126.99999])
def test_the_largest_element_of_a_row_stays_in_range(largest):
    row = fake_quantize(np.array([[largest, 0.3 * largest]], np.float32))
    assert row[0, 0] == pytest.approx(largest, rel=1 / 127)
    assert np.array_equal(fake_quantize(row), row)
