"""eight_bits.py: matrices that one byte a weight can hold exactly."""

import numpy as np
import pytest

from tinygpt.eight_bits import rounded


@pytest.fixture(params=[1e-8, 1e-3, 0.02, 1.0, 300.0])
def matrix_RC(request):
    rows = (request.param * np.random.default_rng(0).standard_normal((50, 40))).astype(np.float32)
    rows[3] = 0  # of a character that the text never showed
    rows[4, 7] *= 100
    return rows


def test_each_row_is_whole_numbers_of_at_most_127_times_a_power_of_two(matrix_RC):
    for row in rounded(matrix_RC).astype(np.float64):
        exponent = next(e for e in range(20, -25, -1) if np.array_equal(row / 2.0**e, np.round(row / 2.0**e)))
        assert np.abs(row / 2.0**exponent).max() <= 127


def test_no_number_moves_by_more_than_the_127th_part_of_its_row_s_largest(matrix_RC):
    allowed_R1 = np.maximum(np.abs(matrix_RC).max(axis=1, keepdims=True) / 127, 2**-25)
    assert (np.abs(rounded(matrix_RC) - matrix_RC) <= allowed_R1).all()


def test_what_is_rounded_stays_as_it_is_and_half_precision_holds_it(matrix_RC):
    once = rounded(matrix_RC)
    assert np.array_equal(rounded(once), once)
    assert np.array_equal(once.astype(np.float16), once)


@pytest.mark.parametrize("largest", [127.0, 127 * 2.0**-9, 128.0, 2.0**-8, 126.99999])
def test_the_largest_number_of_a_row_is_kept_in_range(largest):
    row = rounded(np.array([[largest, 0.3 * largest]], np.float32))
    assert row[0, 0] == pytest.approx(largest, rel=1 / 127)
    assert np.array_equal(rounded(row), row)
