"""What the tests of training runs share."""

import json
from pathlib import Path

import torch

from tinygpt import Trainer
from tinygpt.checkpoint.reading import METRICS, WEIGHTS, read_facts
from tinygpt.training.state import read_state


def finished(trainer: Trainer, steps: int | None = None) -> Trainer:
    """Run to the end, or stop after some steps as Ctrl-C does."""
    for progress in trainer.run():
        if progress.step == steps:
            trainer.stop()
    return trainer


def metrics(folder: Path) -> list[dict]:
    """The rows of a run's metrics.jsonl, without the times."""
    rows = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same_run(one: Path, two: Path) -> None:
    """Check that all files of two runs are bit-exact, except for the times in them."""
    (tensors, facts), (others, other_facts) = read_state(one), read_state(two)
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensors[name], others[name]) for name in tensors)
    assert facts | {"seconds": 0} == other_facts | {"seconds": 0}
    assert (one / WEIGHTS).read_bytes() == (two / WEIGHTS).read_bytes()
    assert read_facts(one) | {"seconds": 0} == read_facts(two) | {"seconds": 0}
    assert metrics(one) == metrics(two)
