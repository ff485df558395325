"""The loss curves of a run and the points of its snapshots."""

import pytest

from tinygpt.ui.components.loss_chart import about_lowest, curves_of, loss_chart
from tinygpt.ui.services.evaluations import Evaluation
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.snapshots import read_snapshots


def curve(*points: tuple[int, float], name: str) -> dict:
    return {"name": name, "points": list(points)}


FALLING = [Evaluation(8, 2.0, 3.5), Evaluation(64, 1.0, 2.5)]
RISING = [*FALLING, Evaluation(128, 0.5, 3.0)]


def test_the_curves_are_the_evaluations_of_the_run_validation_first():
    assert curves_of(FALLING) == [
        curve((8, 3.5), (64, 2.5), name="on text it never saw"),
        curve((8, 2.0), (64, 1.0), name="on the text it learns from"),
    ]


@pytest.mark.parametrize(
    ("evaluations", "told"),
    [
        ([], ""),
        (FALLING, "Lowest on text it never saw: step 64."),
        ([*FALLING, Evaluation(128, 0.5, 2.51)], "Lowest on text it never saw: step 64."),  # hardly more
        (
            [*FALLING, Evaluation(128, 1.5, 3.0)],
            "Lowest on text it never saw: step 64.",
        ),  # what it learns is worse, too
        ([*RISING, Evaluation(256, 0.4, 2.4)], "Lowest on text it never saw: step 256."),
    ],
    ids=["none", "falls", "rises by chance", "diverges", "falls again"],
)
def test_only_of_a_model_that_overfits_it_is_said_that_it_does(evaluations: list[Evaluation], told: str):
    assert about_lowest(evaluations, 100) == told


@pytest.mark.parametrize(("times", "words"), [(8.2, "8"), (47.4, "47"), (148, "150"), (2345, "2,300")])
def test_how_often_a_short_text_was_read_is_told_as_people_do(times: float, words: str):
    assert about_lowest(RISING, times).endswith(f"it has read this one about {words} times.")
    assert "short" not in about_lowest(RISING, 7)


def test_snapshots_have_marks_and_the_early_ones_begin_the_validation_curve(run_folder):
    chart = loss_chart(FALLING, read_snapshots(Session(run_folder)))
    assert [(mark["x"], mark["y"]) for mark in chart["marks"]] == [(1, 4.0), (8, 3.0), (64, 2.0)]
    assert chart["marks"][1]["label"].startswith("Step 8: about as unsure as choosing among 20 letters (3.0000 nats")
    assert chart["curves"][0]["points"] == [(1, 4.0), (8, 3.5), (64, 2.5)]


def test_where_the_loss_was_lowest_is_marked_and_said_if_it_rose_after(run_folder):
    chart = loss_chart(RISING, read_snapshots(Session(run_folder)), times_read=148)
    [lowest] = [mark for mark in chart["marks"] if "still" in mark]
    assert (lowest["x"], lowest["label"]) == (64, "Lowest at step 64: about as unsure as choosing among 12 letters.")
    assert "overfitting" in chart["note"][0][1]


def said(*args: object, **options: object) -> str:
    return " ".join(sentence for _, sentence in loss_chart(*args, **options)["note"])


def test_what_is_missing_is_said(run_folder):
    assert "without a record of their losses" in said([], [])
    assert "without snapshots" in said(FALLING, [])
    assert "without" not in said(FALLING, read_snapshots(Session(run_folder)))


def test_where_the_package_leaves_out_the_snapshots_it_is_said_where_they_are(run_folder):
    snapshots = read_snapshots(Session(run_folder))
    command = "python -m tinygpt app --weights COPY/weights"
    assert f"tinygpt’s repository has them: to open those in your COPY of it, run {command}" in said(
        FALLING, [], shipped=True
    )
    assert "repository" not in said(FALLING, snapshots, shipped=True)  # in a copy of it
