"""The tab Train: trains a small preset on the visitor's own text, and adds the weights to the menu."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from tinygpt.presets import PRESETS
from tinygpt.system.shell import own_command
from tinygpt.ui.components.chart import Curve, chart
from tinygpt.ui.components.events import QUIET, calls
from tinygpt.ui.components.status import duration, html, refusal
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.training_jobs import MAX_STEPS, OFFERED_PRESETS, TrainingJob, TrainingJobs
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES, read_training_text

_DEFAULT_PRESET = "quick"
_ON, _OFF = gr.update(interactive=True), gr.update(interactive=False)


def train_tab(registry: Registry, menu: gr.Dropdown, training_jobs: TrainingJobs) -> None:
    """Lay out the tab and wire its events. Trained weights are chosen in the menu of weights at once."""
    signal = gr.State(StopSignal())
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            pasted = gr.Textbox(
                label="A text to learn from",
                info="pasted here, the longer the better",
                placeholder="A whole diary, a hundred recipes, somebody else’s plays …",
                lines=8,
                max_lines=8,
                elem_classes="prompt",
            )
            # Files of every type are accepted, so that errors in them are shown like all others.
            upload = gr.File(label=f"or a text file, up to {MAX_TEXT_BYTES / 1e6:.0f} MB", height=160)
            preset = gr.Radio(
                [(f"{name}: {PRESETS[name].about}", name) for name in OFFERED_PRESETS],
                value=_DEFAULT_PRESET,
                label="Preset",
            )
            steps = gr.Slider(1, MAX_STEPS, PRESETS[_DEFAULT_PRESET].train.max_iters, step=1, label="Steps")
            with gr.Row():
                start = gr.Button("Train", variant="primary", scale=2, min_width=90, elem_id="train")
                stop = gr.Button("Stop", interactive=False, min_width=60)
        with gr.Column(scale=7, min_width=320):
            progress = gr.HTML(progress_bar(), elem_id="progress")
            curve = gr.HTML(training_curve(), elem_id="learning")
            sample = gr.HTML(sample_text(), elem_id="sample")
    start.click(
        _train_listener(registry, training_jobs, menu, (progress, curve, sample, start, stop)),
        [pasted, upload, preset, steps, signal],
        [menu, progress, curve, sample, start, stop],
        **QUIET,
    )
    start.click(None, js="() => " + calls("reveal", "'progress'"))
    stop.click(StopSignal.stop, signal, queue=False, **QUIET)
    preset.input(lambda name: PRESETS[name].train.max_iters, preset, steps, queue=False, **QUIET)


def how_to_train() -> str:
    """What the tab shows where training is off, as HTML."""
    return (
        "<p>This page can train a small model on your own text. Everybody who reaches the page could then occupy this "
        f"machine, so it has to be started for it:</p><pre>{escape(own_command('app', '--train'))}</pre>"
        f"<p>Or train in a terminal:</p><pre>{escape(own_command('train', '--data', 'my.txt'))}</pre>"
    )


def progress_bar(job: TrainingJob | None = None) -> str:
    """The progress of a job as HTML."""
    if job is None:
        return '<progress max="1" value="0" aria-label="Steps done"></progress><p class="status"></p>'
    total = job.config.max_iters
    value = f'value="{job.step}"' if job.folder else ""  # a bar without a value shows only that something happens
    return f'<progress max="{total}" {value} aria-label="Steps done"></progress><p class="status">{_status(job)}</p>'


def training_curve(job: TrainingJob | None = None) -> str:
    """The losses of a job so far, as a chart."""
    curves = []
    if job and job.batch_losses:
        training = smooth(job.batch_losses, job.config.max_iters)
        curves = [Curve("validation", list(job.validation_losses)), Curve("training", training)]
    return chart("Loss, nats per character", "step", curves)


def smooth(losses: list[float], steps: int) -> list[tuple[int, float]]:
    """Points (step, loss) of a smooth curve through the losses of single batches, at most 200 of them.

    Each is the mean of the losses up to its step, over a twentieth of the job's `steps`.
    """
    span, every = max(1, steps // 20), max(1, -(-steps // 200))
    sums = [0.0]
    for loss in losses:
        sums.append(sums[-1] + loss)
    return [
        (step, (sums[step] - sums[max(0, step - span)]) / min(step, span))
        for step in range(every, len(losses) + 1, every)
    ]


def sample_text(job: TrainingJob | None = None) -> str:
    """The latest sample of a job's model, as HTML."""
    if not (job and job.sample):
        blank = "The first sample comes after a tenth of the steps."
        return f'<p class="caption">What it writes</p><p class="blank">{blank}</p>'
    step, text = job.sample
    return f'<p class="caption">What it writes after step {step:,}</p><div class="output-text">{escape(text)}</div>'


def _status(job: TrainingJob) -> str:
    total = job.config.max_iters
    if job.registered:
        name = escape(job.folder.name)
        if job.loss is None:
            return (
                f"Stopped at step {job.step:,} of {total:,} and kept. The menu above has the weights as {name}. To "
                f"continue in a terminal: {escape(own_command('train', '--resume', '--out', job.folder))}"
            )
        return (
            f"Trained in {job.seconds:.0f} s: {job.loss:.3f} nats per character on the last tenth of the text, which "
            f"it never saw. The menu above has the weights as {name}; the other tabs use them now."
        )
    if job.folder is None:
        return "Reading the text …"
    if job.measuring:
        return f"Step {total:,} of {total:,} · measuring the loss on the last tenth of the text …"
    if job.stopping:
        return "Saving …"
    if not job.step:
        return f"Step 0 of {total:,}"
    left = (total - job.step) * job.seconds / job.step
    return f"Step {job.step:,} of {total:,} · loss {job.batch_losses[-1]:.3f} · about {duration(left)} left"


def _train_listener(
    registry: Registry, training_jobs: TrainingJobs, menu: gr.Dropdown, parts: tuple
) -> Callable[..., Iterator[dict]]:
    progress, curve, sample, start, stop = parts
    idle = {start: _ON, stop: _OFF}

    def train(pasted: str, upload: str | None, preset: str, steps: int, signal: StopSignal) -> Iterator[dict]:
        signal.reason = ""
        shown: dict[Any, str] = {}
        try:
            for job in training_jobs.train(read_training_text(pasted, upload), preset, steps, signal):
                current = {progress: progress_bar(job), curve: training_curve(job), sample: sample_text(job)}
                changed = {part: html for part, html in current.items() if shown.get(part) != html}
                yield {progress: gr.skip()} | changed if shown else current | {start: _OFF, stop: _ON}
                shown = current
        except ValueError as error:
            yield idle | {progress: progress_bar() + html(refusal(error))}
            return
        except Exception:
            yield idle | {progress: progress_bar() + html(refusal(ValueError("the training failed: try again")))}
            raise  # unexpected: the terminal shows the traceback
        yield idle | {menu: menu_update(registry, value=job.folder.name)}

    return train
