"""The tab that trains: a text of the visitor's own, a small preset, and weights that the menu then offers."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from tinygpt.config import PRESETS
from tinygpt.ui import render
from tinygpt.ui.api import QUIET
from tinygpt.ui.chart import Curve, chart
from tinygpt.ui.menu import on_the_shelf
from tinygpt.ui.session import StopSignal
from tinygpt.ui.shelf import Shelf
from tinygpt.ui.workshop import LARGEST, MOST_STEPS, OFFERED, Run, Workshop, given_text, smoothed

FIRST = "quick"
_ON, _OFF = gr.update(interactive=True), gr.update(interactive=False)


def train_tab(shelf: Shelf, menu: gr.Dropdown, workshop: Workshop) -> None:
    """Lay out the tab and wire it to the workshop; what it makes is chosen in the menu."""
    signal = gr.State(StopSignal())
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            pasted = gr.Textbox(
                label="A text to learn from",
                info="pasted here, the longer the better",
                placeholder="All of a diary, a hundred recipes, the plays of somebody else …",
                lines=8,
                max_lines=8,
                elem_classes="prompt",
            )
            # Any file is taken, so that what is wrong with one is told below like all else.
            upload = gr.File(label=f"or a text file, up to {LARGEST / 1e6:.0f} MB", height=160)
            preset = gr.Radio([(_offer(name), name) for name in OFFERED], value=FIRST, label="Preset")
            steps = gr.Slider(1, MOST_STEPS, PRESETS[FIRST].train.max_iters, step=1, label="Steps")
            with gr.Row():
                start = gr.Button("Train", variant="primary", scale=2, min_width=90, elem_id="train")
                stop = gr.Button("Stop", interactive=False, min_width=60)
        with gr.Column(scale=7, min_width=320):
            progress = gr.HTML(progressing(), elem_id="progress")
            curve = gr.HTML(learning_curve(), elem_id="learning")
            sample = gr.HTML(sampled(), elem_id="sample")
    start.click(
        _trainer(shelf, workshop, menu, (progress, curve, sample, start, stop)),
        [pasted, upload, preset, steps, signal],
        [menu, progress, curve, sample, start, stop],
        **QUIET,
    )
    start.click(None, js="() => window.tinygpt.reveal('progress')")
    stop.click(StopSignal.stop, signal, queue=False, **QUIET)
    preset.input(lambda name: PRESETS[name].train.max_iters, preset, steps, queue=False, **QUIET)


def progressing(run: Run | None = None) -> str:
    """HTML of how far a run has come."""
    if run is None:
        return '<progress max="1" value="0" aria-label="Steps done"></progress><p class="status"></p>'
    total = run.recipe.max_iters
    place = f'value="{run.step}"' if run.folder else ""  # without one, the bar says that something is going on
    return f'<progress max="{total}" {place} aria-label="Steps done"></progress><p class="status">{_said(run)}</p>'


def learning_curve(run: Run | None = None) -> str:
    """HTML of the loss so far."""
    curves = []
    if run and run.losses:
        trained = smoothed(run.losses, run.recipe.max_iters)
        curves = [Curve("held out", list(run.held_out)), Curve("trained on", trained)]
    return chart("Loss, nats a character", "step", curves)


def sampled(run: Run | None = None) -> str:
    """HTML of what the model wrote last, each time with the same dice."""
    if not (run and run.sample):
        return '<p class="caption">What it writes</p><p class="blank">A tenth of the way on, the first try.</p>'
    step, text = run.sample
    return f'<p class="caption">What it writes after step {step:,}</p><div class="leaf">{escape(text)}</div>'


def _said(run: Run) -> str:
    total = run.recipe.max_iters
    if run.shelved:
        name, went = escape(run.folder.name), f"{run.seconds:.0f} s"
        if run.loss is None:
            return (
                f"Stopped at step {run.step:,} of {total:,} and kept. The menu above has the weights as {name}. To go "
                f"on in a terminal: python train.py --resume --out {escape(str(run.folder))}"
            )
        return (
            f"Trained in {went}: {run.loss:.3f} nats a character on the last tenth of the text, which it never saw. "
            f"The menu above has the weights as {name}: they write on the other tabs now."
        )
    if run.folder is None:
        return "Reading the text …"
    if run.measuring:
        return f"Step {total:,} of {total:,} · measuring on the last tenth of the text …"
    if run.stopping:
        return "Saving …"
    if not run.step:
        return f"Step 0 of {total:,}"
    left = (total - run.step) * run.seconds / run.step
    return f"Step {run.step:,} of {total:,} · loss {run.losses[-1]:.3f} · about {render.duration(left)} left"


def _offer(name: str) -> str:
    return f"{name}: {PRESETS[name].about}"


def _trainer(shelf: Shelf, workshop: Workshop, menu: gr.Dropdown, parts: tuple) -> Callable[..., Iterator[dict]]:
    progress, curve, sample, start, stop = parts
    idle = {start: _ON, stop: _OFF}

    def train(pasted: str, upload: str | None, preset: str, steps: int, signal: StopSignal) -> Iterator[dict]:
        signal.reason = ""
        shown: dict[Any, str] = {}
        try:
            for run in workshop.train(given_text(pasted, upload), preset, steps, signal):
                now = {progress: progressing(run), curve: learning_curve(run), sample: sampled(run)}
                changed = {part: html for part, html in now.items() if shown.get(part) != html}
                yield {progress: gr.skip()} | changed if shown else now | {start: _OFF, stop: _ON}
                shown = now
        except ValueError as error:
            yield idle | {progress: progressing() + render.refusal(error)}
            return
        except Exception:
            yield idle | {progress: progressing() + render.refusal(ValueError("the training broke off"))}
            raise  # nobody expected it: the terminal tells where
        yield idle | {menu: on_the_shelf(shelf, value=run.folder.name)}

    return train
