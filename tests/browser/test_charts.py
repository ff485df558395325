"""What the module chart.js draws from data."""

import pytest
from playwright.sync_api import Page

from tinygpt.ui.front_end import FrontEnd

DRAW = """async ([module, { curves, marks, ...axis }]) => {
    const { drawChart } = await import(module);
    const element = document.createElement("div");
    const pressed = [];
    const names = { caption: "loss", axis: { x: "step", y: "letters", ...axis } };
    drawChart(element, { ...names, curves, marks }, (x) => pressed.push(x));
    const place = ({ style }) => [style.left || style.bottom, style.bottom].map(parseFloat);
    const ticks = (kind) =>
        [...element.querySelectorAll(`span.${kind}`)].map((tick) => [tick.textContent, place(tick)[0]]);
    const buttons = [...element.querySelectorAll(".plot button")];
    buttons.forEach((button) => button.click());
    return {
        lines: [...element.querySelectorAll("polyline")].map((line) => line.getAttribute("points")),
        x: ticks("x"),
        y: ticks("y"),
        buttons: buttons.map((button) => [button.ariaLabel, ...place(button)]),
        pressed,
        html: element.innerHTML,
    };
}"""


@pytest.fixture
def draw(open_page: Page):
    """draw(points) returns what a chart of one curve shows."""

    def draw(points: list, **options: object) -> dict:
        data = {"curves": [{"name": "text", "points": points}], "marks": []} | options
        return open_page.evaluate(DRAW, [f"./{FrontEnd().url}/chart.js", data])

    return draw


def test_a_curve_runs_from_corner_to_corner_of_its_frame(draw):
    assert draw([[0, 4], [5, 3], [10, 2]])["lines"] == ["0.00,0.00 50.00,50.00 100.00,100.00"]


def test_a_logarithmic_axis_spaces_powers_of_ten_evenly(draw):
    assert draw([[1, 1], [10, 0], [1000, 1]], logX=True)["x"] == [
        ["1", 0],
        ["10", pytest.approx(100 / 3, abs=0.01)],
        ["100", pytest.approx(200 / 3, abs=0.01)],
        ["1,000", 100],
    ]


@pytest.mark.parametrize(
    ("values", "labels"),
    [((4, 65), ["5", "10", "20", "50"]), ((4.05, 4.3), ["4.1", "4.2", "4.3"])],
)
def test_a_logarithmic_axis_that_is_no_power_of_ten_long_has_round_values_as_well(draw, values, labels):
    assert [label for label, _ in draw([[0, values[0]], [1, values[1]]], logY=True)["y"]] == labels


def test_marks_are_buttons_at_their_values_with_a_label_and_tell_which_one_was_pressed(draw):
    drawn = draw([[0, 0], [10, 2]], marks=[{"x": 5, "y": 1, "label": "step 5: <loss>"}])
    assert drawn["buttons"] == [["step 5: <loss>", 50, 50]]
    assert drawn["pressed"] == [5]


@pytest.mark.parametrize("points", [[], [[3, 1.5]], [[3, 1.5], [4, 1.5]]])
@pytest.mark.parametrize("log", [False, True])
def test_few_points_and_level_lines_can_be_drawn(draw, points, log):
    assert "NaN" not in draw(points, logX=log, logY=log)["html"]


@pytest.mark.parametrize(("low", "high"), [(1.2, 4.2), (0, 400), (1.38, 1.39), (0, 1e6)])
def test_an_axis_is_labeled_with_a_few_round_values(draw, low, high):
    labels = [float(label.replace(",", "")) for label, _ in draw([[0, low], [1, high]])["y"]]
    assert 2 <= len(labels) <= 7
    assert all(low <= each <= high for each in labels)
