"""The evaluations of a run."""

import json
import os

import pytest

from tinygpt.checkpoint.reading import METRICS
from tinygpt.ui.services.evaluations import Evaluation, read_evaluations


def test_evaluations_are_the_rows_of_the_run(tmp_path):
    rows = [{"step": 5, "train_loss": 3.0, "validation_loss": 4}, {"step": 9, "train_loss": 1.5, "validation_loss": 2}]
    (tmp_path / METRICS).write_text("\n".join(map(json.dumps, rows)))
    assert read_evaluations(tmp_path) == [Evaluation(5, 3.0, 4), Evaluation(9, 1.5, 2)]


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
def test_missing_or_damaged_rows_are_no_evaluations(tmp_path, content):
    if content is not None:
        (tmp_path / METRICS).write_bytes(content.encode(errors="surrogateescape"))
    assert read_evaluations(tmp_path) == []


def test_rows_of_a_terabyte_are_no_evaluations(tmp_path):
    (tmp_path / METRICS).touch()
    os.truncate(tmp_path / METRICS, 10**12)  # takes no room on the disk, but would in memory
    assert read_evaluations(tmp_path) == []
