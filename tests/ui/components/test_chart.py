"""Charts as HTML."""

import re

import pytest

from tinygpt.ui.components.chart import Curve, Mark, chart


def positions(html: str, kind: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(rf"<{kind}[^>]*left:([\d.]+)%;bottom:([\d.]+)%", html)]


def test_a_curve_runs_from_corner_to_corner_of_its_frame():
    html = chart("loss", "step", [Curve("text", [(0, 4), (5, 3), (10, 2)])])
    assert 'points="0.00,0.00 50.00,50.00 100.00,100.00"' in html


def test_a_logarithmic_axis_spaces_powers_of_ten_evenly():
    html = chart("loss", "step", [Curve("text", [(1, 1), (10, 0), (100, 1)])], log_x=True)
    assert re.findall(r'class="x" style="left:([\d.]+)%">([\d,]+)', html) == [
        ("0.00", "1"),
        ("50.00", "10"),
        ("100.00", "100"),
    ]


def test_marks_are_buttons_at_their_values_with_a_label():
    html = chart("loss", "step", [Curve("text", [(0, 0), (10, 2)])], [Mark(5, 1, "step 5: <loss>")])
    assert positions(html, "button") == [(50, 50)]
    assert 'data-x="5"' in html
    assert 'aria-label="step 5: &lt;loss&gt;"' in html


@pytest.mark.parametrize("points", [[], [(3, 1.5)], [(3, 1.5), (4, 1.5)]])
def test_few_points_and_level_lines_can_be_drawn(points):
    assert "nan" not in chart("loss", "step", [Curve("text", points)])


@pytest.mark.parametrize(("low", "high"), [(1.2, 4.2), (0, 400), (1.38, 1.39), (0, 1e6)])
def test_an_axis_is_labeled_with_a_few_round_values(low, high):
    html = chart("loss", "step", [Curve("text", [(0, low), (1, high)])])
    labels = [float(each) for each in re.findall(r'class="y"[^>]*>([^<]+)', html)]
    assert 2 <= len(labels) <= 7
    assert all(low <= each <= high for each in labels)
