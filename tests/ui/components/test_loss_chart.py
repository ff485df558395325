"""The loss curves of a run and the points of its snapshots."""

import json
import os
import re

import pytest

from tinygpt.checkpoint.reading import METRICS
from tinygpt.ui.components.chart import Curve
from tinygpt.ui.components.loss_chart import loss_chart, read_curves
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.snapshots import read_snapshots


def test_the_curves_are_the_evaluations_of_the_run_validation_first(tmp_path):
    rows = [{"step": 5, "train_loss": 3.0, "validation_loss": 4}, {"step": 9, "train_loss": 1.5, "validation_loss": 2}]
    (tmp_path / METRICS).write_text("\n".join(map(json.dumps, rows)))
    assert read_curves(tmp_path / METRICS) == [
        Curve("validation", [(5, 4), (9, 2)]),
        Curve("training", [(5, 3.0), (9, 1.5)]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        *(None, "", "nonsense", "[]", "5", '{"step": 5}'),
        '{"step": 5, "train_loss": NaN, "validation_loss": 1}',
        '{"step": 5, "train_loss": "low", "validation_loss": 1}',
        '{"step": 0, "train_loss": 2, "validation_loss": 1}',
        '{"step": null, "train_loss": 2, "validation_loss": 1}',
        "\udcff",
    ],
    ids=repr,
)
def test_missing_or_damaged_evaluations_give_no_curves(tmp_path, content):
    if content is not None:
        (tmp_path / METRICS).write_bytes(content.encode(errors="surrogateescape"))
    assert read_curves(tmp_path / METRICS) is None


def test_evaluations_of_a_terabyte_give_no_curves(tmp_path):
    (tmp_path / METRICS).touch()
    os.truncate(tmp_path / METRICS, 10**12)  # takes no room on the disk, but would in memory
    assert read_curves(tmp_path / METRICS) is None


def test_snapshots_have_points_and_the_early_ones_begin_the_validation_curve(run_folder):
    html = loss_chart(
        [Curve("validation", [(8, 3.5), (64, 2.5)]), Curve("training", [(8, 2.0)])], read_snapshots(Session(run_folder))
    )
    assert re.findall(r'data-x="(\d+)" style="left:([\d.]+)%;bottom:([\d.]+)%"', html) == [
        ("1", "0.00", "100.00"),
        ("8", "50.00", "50.00"),
        ("64", "100.00", "0.00"),
    ]
    assert '<polyline class="curve-0" points="0.00,0.00 50.00,25.00 100.00,75.00"/>' in html


def test_what_is_missing_is_said(run_folder):
    assert "without a readable metrics.jsonl" in loss_chart(None, [])
    assert "without snapshots" in loss_chart([Curve("validation", [(1, 1)])], [])
    assert "without" not in loss_chart([Curve("validation", [(1, 1)])], read_snapshots(Session(run_folder)))


def test_where_the_package_leaves_out_the_snapshots_it_is_said_where_they_are(run_folder):
    curves, snapshots = [Curve("validation", [(1, 1)])], read_snapshots(Session(run_folder))
    said = "tinygpt’s repository has them: <code>python -m tinygpt app --weights COPY/weights</code>"
    assert said in loss_chart(curves, [], shipped=True)
    assert "repository" not in loss_chart(curves, snapshots, shipped=True)  # in a copy of it
