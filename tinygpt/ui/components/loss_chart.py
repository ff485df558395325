"""The loss curves of a finished training run, with a button for each of its snapshots."""

import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tinygpt.checkpoint.files import read_bytes
from tinygpt.checkpoint.reading import MAX_METRICS_BYTES
from tinygpt.system.shell import own_command
from tinygpt.ui.components.chart import Curve, Mark, chart
from tinygpt.ui.services.snapshots import Snapshot

_CURVES = (("validation", "validation_loss"), ("training", "train_loss"))  # (name, key in metrics.jsonl)


def read_curves(path: Path) -> list[Curve] | None:
    """The validation and training losses in a metrics.jsonl; None if it is missing or damaged."""
    try:
        rows = [json.loads(line) for line in read_bytes(path, MAX_METRICS_BYTES).splitlines()]
        curves = [Curve(name, [(row["step"], row[key]) for row in rows]) for name, key in _CURVES]
        valid = all(step >= 1 and math.isfinite(loss) for curve in curves for step, loss in curve.points)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return curves if rows and valid else None


def loss_chart(curves: list[Curve] | None, snapshots: Sequence[Snapshot], *, shipped: bool = False) -> str:
    """The curves as HTML, the validation curve first, with a button for each snapshot whose loss was measured.

    Losses are estimated only now and then. Before the first estimate, the validation curve joins the snapshots. Where
    there are none, a note says so; with `shipped`, it says that those of the shipped weights are in the repository.
    """
    if curves is None:
        return '<p class="note">These weights came without a readable metrics.jsonl: there is no curve to show.</p>'
    points = [(snapshot.step, snapshot.loss) for snapshot in snapshots if snapshot.loss is not None]
    validation, *others = curves
    early = [point for point in points if point[0] < validation.points[0][0]]
    curves = [Curve(validation.name, [*early, *validation.points]), *others]
    marks = [Mark(step, loss, f"step {step:,}: {loss:.4f} nats. Write with these weights") for step, loss in points]
    figure = chart("Loss, nats per character", "step (logarithmic)", curves, marks, log_x=True)
    return f'{figure}<p class="status">{_note(snapshots, points, shipped)}</p>'


def _note(snapshots: Sequence[Snapshot], points: list[tuple[int, float]], shipped: bool) -> str:
    note = "The curves are estimates from random passages of the text."
    if points:
        return (
            f"{note} The points are snapshots of the weights, measured on the whole validation text; before the first "
            "estimate the curve joins them."
        )
    if not snapshots and shipped:
        to_open = escape(own_command("app", "--weights", "COPY/weights"))
        return (
            f"{note} The snapshots of this run, each of which can write, are too large for the package. tinygpt’s "
            f"repository has them: <code>{to_open}</code> opens them from your COPY of it."
        )
    if not snapshots:
        return f"{note} These weights came without snapshots of their run: there is no point to choose."
    return note
