"""The tab that tells how the chosen weights came about: their losses, what they wrote on the way, and facts."""

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from tinygpt.config import MAX_PROMPT
from tinygpt.stored import METRICS
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, WRITERS, told
from tinygpt.ui.chart import Curve, Mark, chart
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import OWN, Shelf
from tinygpt.ui.snapshots import Board, Snapshot, read_snapshots, write_snapshots

_KEYS = (("held out", "validation_loss"), ("trained on", "train_loss"))
_INVITATION = '<p class="status">The same dice for all: press a point of the curve, or write with every snapshot.</p>'


def learned_tab(shelf: Shelf, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire it: the run of the weights that the menu says, what they wrote on the way, and facts."""
    board, own = gr.State(Board()), shelf[OWN]  # each visitor gets a copy
    with gr.Row():
        with gr.Column(scale=7, min_width=320):
            points = gr.HTML(_course(own), elem_id="points", js_on_load="window.tinygpt.points(element, trigger)")
        with gr.Column(scale=5, min_width=320, visible=bool(read_snapshots(own))) as asking:
            prompt = gr.Textbox("ROMEO:\n", label="Prompt for all", lines=3, max_length=MAX_PROMPT)
            seed = gr.Textbox("1564", label="Seed for all", max_length=20)
            with gr.Row():
                start = gr.Button("Write with every snapshot", variant="primary", scale=2, min_width=90)
                stop = gr.Button("Stop", min_width=60)
            status = gr.HTML(_INVITATION, elem_id="learned-status")
    texts = gr.HTML(Board().html(own), elem_id="learned", js_on_load="window.tinygpt.columns(element)")
    table = gr.HTML(render.table(facts(own)))

    def follow(name: str, board: Board) -> tuple:
        board.begin()  # what is written for other weights ends, and is not shown any more
        session = shelf[name]
        there = gr.update(visible=bool(read_snapshots(session)))
        return _course(session), there, _INVITATION, Board().html(session), render.table(facts(session)), Board()

    menu.change(follow, [menu, board], [points, asking, status, texts, table, board], queue=False, **QUIET)
    # A new wish ends the text before it.
    writing = {"outputs": [texts, status], "concurrency_id": WRITERS, "trigger_mode": "multiple", **QUIET}
    wishes = [menu, prompt, seed, board]
    gr.on([start.click, prompt.submit, seed.submit], partial(write_snapshots, shelf), wishes, **writing)
    points.select(_presser(shelf), wishes, **writing)
    stop.click(Board.stop, board, queue=False, **QUIET)


def _presser(shelf: Shelf) -> Callable[..., Iterator[tuple]]:
    def press(weights: str, prompt: str, seed: str, board: Board, event: gr.EventData) -> Iterator[tuple]:
        if (step := told(event, "step")) is not None:
            yield from write_snapshots(shelf, weights, prompt, seed, board, step)

    return press


def _course(session: Session) -> str:
    return learning(loss_curves(session.folder / METRICS), read_snapshots(session))


def learning(curves: list[Curve] | None, snapshots: list[Snapshot]) -> str:
    """HTML of a run's curves, the held-out one first, with a point for each snapshot whose loss was measured.

    A run is estimated only now and then. Before the first time, the held-out curve goes through the points.
    """
    if curves is None:
        return '<p class="note">These weights came without a metrics.jsonl: there is no curve to show.</p>'
    points = [(each.step, each.loss) for each in snapshots if each.loss is not None]
    held_out, *others = curves
    early = [point for point in points if point[0] < held_out.points[0][0]]
    curves = [Curve(held_out.name, [*early, *held_out.points]), *others]
    marks = [Mark(step, loss, f"step {step:,}: {loss:.4f} nats. Write with these weights") for step, loss in points]
    note = "The curves are estimates from random blocks of the text."
    if points:
        note += (
            " The points are weights that were kept on the way, measured over all of the held-out text;"
            " before the first estimate the curve joins them."
        )
    elif not snapshots:
        note += " These weights came without snapshots of their run: there is nothing to press."
    figure = chart("Loss, nats a character", "step, each tenfold as wide", curves, marks, log_x=True)
    return f'{figure}<p class="status">{note}</p>'


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
        ("Time to train", render.duration(saved["seconds"]) if "seconds" in saved else None),
        ("Weights", f"sha256 {saved['weights_sha256'][:16]}…"),
    ]
    return [(name, value) for name, value in rows if value]


def _loss(saved: dict[str, Any]) -> str | None:
    loss = saved.get("validation_loss")
    if loss is None:
        return None
    blocks = f" in blocks of {saved['validation_block_size']}" if "validation_block_size" in saved else ""
    return f"{loss:.4f} nats ({loss / math.log(2):.4f} bits) a character, over the whole last tenth of the text{blocks}"
