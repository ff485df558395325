"""The snapshots that a training run kept."""

import json
import math

import pytest

from tinygpt.checkpoint.reading import CONFIG, HISTORY, WEIGHTS
from tinygpt.ui.components.loss_chart import loss_chart
from tinygpt.ui.services.evaluations import Evaluation
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.snapshots import read_snapshots


def test_a_snapshot_without_a_measured_loss_has_no_point(run_folder):
    config_file = run_folder / HISTORY / "step-000008" / CONFIG
    config = json.loads(config_file.read_text())
    for loss in ({}, {"validation_loss": math.nan}):
        config_file.write_text(
            json.dumps({name: fact for name, fact in config.items() if "validation" not in name} | loss)
        )
        snapshots = read_snapshots(Session(run_folder))
        assert [each.step for each in snapshots] == [1, 8, 64]
        marks = loss_chart([Evaluation(1, 1.0, 1.0)], snapshots)["marks"]
        assert [mark["x"] for mark in marks] == [1, 64]


def test_damaged_snapshots_are_left_out_and_told(run_folder, caplog):
    history = run_folder / HISTORY
    (history / "step-000001" / WEIGHTS).write_bytes(b"rubbish")
    (history / "step-000008" / CONFIG).unlink()
    (history / "step-000009").mkdir()
    (history / "step-000010").write_text("a file")
    assert [each.step for each in read_snapshots(Session(run_folder))] == [64]
    for step in (1, 8, 9, 10):
        assert f"step-{step:06}" in caplog.text


def test_a_missing_or_empty_history_has_no_snapshots(run_folder):
    (run_folder / HISTORY).rename(run_folder / "elsewhere")
    assert read_snapshots(Session(run_folder)) == []
    (run_folder / HISTORY).touch()
    assert read_snapshots(Session(run_folder)) == []
    (run_folder / HISTORY).unlink()
    (run_folder / HISTORY).mkdir()
    assert read_snapshots(Session(run_folder)) == []


def test_the_snapshot_that_was_published_shares_its_session(run_folder):
    published = Session(run_folder)
    snapshots = read_snapshots(published)
    assert [snapshot.session is published for snapshot in snapshots] == [False, False, True]
    assert snapshots[0].session is snapshots[0].session


def test_a_snapshot_that_was_removed_is_named_by_its_step_and_only_in_the_log_by_its_folder(run_folder, caplog):
    snapshot = read_snapshots(Session(run_folder))[1]
    (snapshot.folder / WEIGHTS).unlink()
    with pytest.raises(ValueError, match="the snapshot of step 8 is damaged or gone") as refused:
        _ = snapshot.session
    assert str(run_folder) not in str(refused.value)
    assert str(snapshot.folder) in caplog.text
