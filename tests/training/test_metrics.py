"""training/metrics.py: the rows of metrics.jsonl."""

import json
import os

from tinygpt.checkpoint.reading import METRICS
from tinygpt.training.metrics import append_row, keep_rows_until


def steps(folder) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / METRICS).read_text().splitlines()]


def test_later_rows_and_a_row_cut_short_are_removed(tmp_path):
    for step in (10, 20, 30):
        append_row(tmp_path, {"step": step, "train_loss": 2.5})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"step": 20, "train_lo')
    keep_rows_until(tmp_path, 20)
    assert steps(tmp_path) == [10, 20]
    append_row(tmp_path, {"step": 30})
    assert steps(tmp_path) == [10, 20, 30]


def test_a_file_of_a_terabyte_is_set_aside_unread(tmp_path, caplog):
    append_row(tmp_path, {"step": 10})
    os.truncate(tmp_path / METRICS, 10**12)  # takes no room on the disk, but would in memory
    keep_rows_until(tmp_path, 10, evaluated=10)
    (aside,) = tmp_path.iterdir()
    assert (aside.name, aside.stat().st_size) == (f"{METRICS}.damaged", 10**12)
    assert "was damaged" in caplog.text


def test_a_run_without_rows_has_no_file(tmp_path):
    keep_rows_until(tmp_path, 0)
    assert not [*tmp_path.iterdir()]
