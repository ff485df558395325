"""Shapes of the page's drawings."""

import re

import numpy as np

from tinygpt.ui.components.svg import band


def test_the_cells_of_a_band_are_deeper_for_larger_numbers():
    html = band([0, 4, -4, 1], 0, 0, 40, 10)
    assert re.findall(r'<path class="(\w+)" opacity="([\d.]+)" d="M([\d.]+)', html) == [
        ("accent", "1", "10.00"),
        ("cool", "1", "20.00"),
        ("accent", "0.4", "30.00"),
    ]
    assert "nan" not in band(np.zeros(3), 0, 0, 40, 10)
