"""metrics.jsonl: one row of JSON for each evaluation of a run."""

import json
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.reading import METRICS
from tinygpt.checkpoint.torch_checkpoint import write_atomically


def append_row(folder: Path, row: dict[str, Any]) -> None:
    """Add a row to the metrics of the run in `folder`."""
    with (folder / METRICS).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(row) + "\n")


def keep_rows_until(folder: Path, step: int) -> None:
    """Remove the rows of later steps, and a last row that a crash cut short: a resumed run writes them again."""
    path = folder / METRICS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    write_atomically(path, "".join(kept).encode())
