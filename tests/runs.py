"""What the tests of training runs share."""

import json
from pathlib import Path

import torch

from tinygpt import Trainer
from tinygpt.checkpoint.reading import METRICS, WEIGHTS, read_facts
from tinygpt.training.run_folder import LOCK
from tinygpt.training.state import read_state

TRAIN = Path(__file__).parents[1] / "train.py"
TINY = (  # flags of a run that takes milliseconds a step
    *("--preset", "little-shakespeare", "--device", "cpu", "--dtype", "float32"),
    *("--block-size", 8, "--n-layer", 1, "--n-head", 2, "--n-embd", 16),
    *("--batch-size", 4, "--eval-iters", 1),
)


def finished(trainer: Trainer, steps: int | None = None) -> Trainer:
    """Run to the end, or stop after some steps as Ctrl-C does."""
    for progress in trainer.run():
        if progress.step == steps:
            trainer.stop()
    return trainer


def resumed(trainer: Trainer) -> Trainer:
    """Resume the run in a trainer's folder, and run to the end."""
    trainer.resume()
    return finished(trainer)


def files(folder: Path) -> dict[str, bytes]:
    """The files in a folder, without its lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != LOCK}


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
