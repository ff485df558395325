"""The tab that tells how the shipped weights were trained, and what they are."""

import json
import math
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from tinygpt.stored import METRICS
from tinygpt.ui import render
from tinygpt.ui.session import Session


def training_tab(session: Session, folder: Path) -> None:
    """Lay out the tab: the loss of the run whose weights are open, and their facts."""
    curves = loss_curves(folder / METRICS)
    with gr.Row():
        with gr.Column(scale=7, min_width=320):
            if curves is None:
                gr.HTML('<p class="note">These weights came without a metrics.jsonl: there is no curve to show.</p>')
            else:
                gr.LinePlot(
                    curves,
                    x="step",
                    y="loss",
                    color="text",
                    x_title="step",
                    y_title="loss, nats a character",
                    color_title=" ",
                    color_map={"trained on": "#b8503c", "held out": "#7391a6"},
                    height=420,
                    buttons=[],
                )
        with gr.Column(scale=5, min_width=320):
            gr.HTML(render.table(facts(session)))


def loss_curves(path: Path) -> pd.DataFrame | None:
    """The run's evaluations in long form, None where the weights came without them."""
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        points = [
            {"step": row["step"], "text": text, "loss": row[key]}
            for row in rows
            for text, key in (("trained on", "train_loss"), ("held out", "validation_loss"))
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pd.DataFrame(points) if points else None


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
