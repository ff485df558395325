"""The evaluations of a training run: when its loss on text that it never saw was lowest, and whether it rose after."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tinygpt.checkpoint.files import read_bytes
from tinygpt.checkpoint.reading import MAX_METRICS_BYTES, METRICS

_RISE = 0.03  # nats per character; smaller differences say nothing


class Evaluation(NamedTuple):
    """The losses after a step, in nats per character."""

    step: int
    train: float
    validation: float


def read_evaluations(run: Path) -> list[Evaluation]:
    """The rows of a run's metrics.jsonl; none if it is missing or damaged."""
    try:
        rows = [json.loads(line) for line in read_bytes(run / METRICS, MAX_METRICS_BYTES).splitlines()]
        found = [Evaluation(row["step"], row["train_loss"], row["validation_loss"]) for row in rows]
        valid = all(each.step >= 1 and math.isfinite(each.train) and math.isfinite(each.validation) for each in found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return []
    return found if valid else []


def lowest(evaluations: Sequence[Evaluation]) -> Evaluation | None:
    """The first evaluation with the lowest loss on text that the model never saw."""
    return min(evaluations, key=lambda each: each.validation, default=None)


def overfits(evaluations: Sequence[Evaluation]) -> bool:
    """Whether that loss has risen since it was lowest, while the one on the text that is learned fell further."""
    best = lowest(evaluations)
    if best is None:
        return False
    last = evaluations[-1]
    return last.validation > best.validation + _RISE and last.train < best.train
