"""The tab that tells how the shipped weights came about: their losses, what they wrote on the way, and facts."""

import json
import math
from pathlib import Path
from typing import Any

import gradio as gr

from tinygpt.stored import HISTORY, METRICS
from tinygpt.ui import render
from tinygpt.ui.chart import Curve, Mark, chart
from tinygpt.ui.session import Session
from tinygpt.ui.snapshots import Course, Snapshot, read_snapshots

_KEYS = (("held out", "validation_loss"), ("trained on", "train_loss"))


def training_tab(session: Session, folder: Path) -> None:
    """Lay out the tab: the run whose weights are open, and their facts."""
    curves = loss_curves(folder / METRICS)
    if curves is None:
        gr.HTML('<p class="note">These weights came without a metrics.jsonl: there is no curve to show.</p>')
    elif snapshots := read_snapshots(session, folder / HISTORY):
        Course(session, snapshots).layout(learning(curves, snapshots))
    else:
        gr.HTML(learning(curves, []))
        gr.HTML('<p class="note">These weights came without snapshots of their run: there is nothing to press.</p>')
    gr.HTML(render.table(facts(session)))


def learning(curves: list[Curve], snapshots: list[Snapshot]) -> str:
    """HTML of the curves, the held-out one first, with a point for each snapshot whose loss was measured.

    A run is estimated only now and then. Before the first time, the held-out curve goes through the points.
    """
    points = [(each.step, each.loss) for each in snapshots if each.loss is not None]
    held_out, *others = curves
    early = [point for point in points if point[0] < held_out.points[0][0]]
    curves = [Curve(held_out.name, [*early, *held_out.points]), *others]
    marks = [Mark(step, loss, f"step {step:,}: {loss:.4f} nats. Write with these weights") for step, loss in points]
    told = "The curves are estimates from random blocks of the text."
    if points:
        told += (
            " The points are weights that were kept on the way, measured over all of the held-out text;"
            " before the first estimate the curve joins them."
        )
    figure = chart("Loss, nats a character", "step, each tenfold as wide", curves, marks, log_x=True)
    return f'{figure}<p class="status">{told}</p>'


def loss_curves(path: Path) -> list[Curve] | None:
    """The run's evaluations, None where the weights came without them or they make no sense."""
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        curves = [Curve(name, [(row["step"], row[key]) for row in rows]) for name, key in _KEYS]
        sound = all(step >= 1 and math.isfinite(loss) for curve in curves for step, loss in curve.points)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return curves if rows and sound else None


def facts(session: Session) -> list[tuple[str, str]]:
    """What there is to know of the open weights, in the order in which a person would ask."""
    config, saved = session.config, session.facts
    rows = [
        ("Preset", saved.get("preset")),
        ("Parameters", f"{session.parameters:,}"),
        ("Blocks", f"{config.n_layer}, each with {config.n_head} heads, {config.n_embd} wide ({config.family})"),
        ("Context", f"{config.block_size} characters"),
        ("Vocabulary", f"{config.vocab_size} characters"),
        ("Held-out loss", _loss(saved)),
        ("Steps", f"{saved['steps']:,}" if "steps" in saved else None),
        ("Time to train", _duration(saved["seconds"]) if "seconds" in saved else None),
        ("Weights", f"sha256 {saved['weights_sha256'][:16]}…"),
    ]
    return [(name, value) for name, value in rows if value]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _loss(saved: dict[str, Any]) -> str | None:
    loss = saved.get("validation_loss")
    if loss is None:
        return None
    blocks = f" in blocks of {saved['validation_block_size']}" if "validation_block_size" in saved else ""
    return f"{loss:.4f} nats ({loss / math.log(2):.4f} bits) a character, over the whole last tenth of the text{blocks}"
