"""eight_bits.py: matrices that one byte a weight can hold exactly."""

import pytest
import torch

from tinygpt.eight_bits import rounded


@pytest.fixture(params=[1e-8, 1e-3, 0.02, 1.0, 300.0])
def matrix_RC(request):
    torch.manual_seed(0)
    rows = request.param * torch.randn(50, 40)
    rows[3] = 0  # of a character that the text never showed
    rows[4, 7] *= 100
    return rows


def test_each_row_is_whole_numbers_of_at_most_127_times_a_power_of_two(matrix_RC):
    for row in rounded(matrix_RC).double():
        exponent = next(e for e in range(20, -25, -1) if torch.equal(row / 2.0**e, (row / 2.0**e).round()))
        assert (row / 2.0**exponent).abs().max() <= 127


def test_no_number_moves_by_more_than_the_127th_part_of_its_row_s_largest(matrix_RC):
    allowed_R1 = (matrix_RC.abs().amax(dim=1, keepdim=True) / 127).clamp_min(2**-25)
    assert ((rounded(matrix_RC) - matrix_RC).abs() <= allowed_R1).all()


def test_what_is_rounded_stays_as_it_is_and_half_precision_holds_it(matrix_RC):
    once = rounded(matrix_RC)
    assert torch.equal(rounded(once), once)
    assert torch.equal(once.half().float(), once)


@pytest.mark.parametrize("largest", [127.0, 127 * 2.0**-9, 128.0, 2.0**-8, 126.99999])
def test_the_largest_number_of_a_row_is_kept_in_range(largest):
    row = rounded(torch.tensor([[largest, 0.3 * largest]]))
    assert row[0, 0] == pytest.approx(largest, rel=1 / 127)
    assert torch.equal(rounded(row), row)
