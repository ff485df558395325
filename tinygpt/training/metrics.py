"""metrics.jsonl: one row of JSON for each evaluation of a run. It is a record, which resuming does not need."""

import json
import logging
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.reading import MAX_METRICS_BYTES, METRICS
from tinygpt.system.atomic import replace, write_atomically

_DAMAGED = f"{METRICS}.damaged"
_log = logging.getLogger(__name__)


def append_row(folder: Path, row: dict[str, Any]) -> None:
    """Add a row to the metrics of the run in `folder`. Raises OSError."""
    with (folder / METRICS).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(row) + "\n")


def keep_rows_until(folder: Path, step: int, evaluated: int = 0) -> None:
    """Remove the rows of later steps, and a last row that a crash cut short: a resumed run writes them again.

    If the file holds anything else than rows, or lacks that of the step `evaluated`, a warning is logged; a damaged
    file is kept under another name. Raises OSError.
    """
    path = folder / METRICS
    readable = path.is_file() and path.stat().st_size <= MAX_METRICS_BYTES
    content = path.read_bytes() if readable else b"\n" * path.exists()  # like one line of nonsense
    *lines, _ = content.split(b"\n")
    rows = [row for line in lines if (row := _parse(line))]
    if len(rows) < len(lines):
        replace(path, folder / _DAMAGED)
        _log.warning("%s was damaged and is now %s. The run goes on, with the rows that can be read", path, _DAMAGED)
    kept = [row for row in rows if row["step"] <= step]
    if evaluated and all(row["step"] != evaluated for row in kept):
        _log.warning("%s lacks evaluations of this run, up to that of step %d. The run goes on", path, evaluated)
    if path.exists() or kept:
        write_atomically(path, "".join(json.dumps(row) + "\n" for row in kept).encode())


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return the row in a line of the file, or None if it holds none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("step"), int) else None
