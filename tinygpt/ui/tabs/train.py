"""The tab Train: trains a small preset on the visitor's own text, and adds the weights to the menu."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import gradio as gr

from tinygpt.page.masthead import uncertainty
from tinygpt.presets import PRESETS
from tinygpt.system.shell import own_command
from tinygpt.ui.components.events import NUMBERED, Data, Updates, answers, calls, event_value, on_call, on_load, packed
from tinygpt.ui.components.loss_chart import about_lowest, curves_of, lowest_mark
from tinygpt.ui.components.own_weights import more_steps, own_weights, own_weights_data
from tinygpt.ui.components.status import Line, duration
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.own_runs import best_name
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.trainers import MAX_STEPS, OFFERED_PRESETS
from tinygpt.ui.services.training_jobs import MAX_ABSENCE, TrainingJob, TrainingJobs
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES, read_training_text

_DEFAULT_PRESET = "quick"


class _Card(NamedTuple):
    """What a visitor chooses a preset by. Time and loss are those of Tiny Shakespeare, see docs/benchmarks.md."""

    title: str
    about: str
    time: str
    loss: float


_CARDS = {
    "quick": _Card("Quick", "Almost real words, but no sense.", "about 15 seconds", 1.83),
    "default": _Card("Thorough", "Mostly real words, in lines that sound right.", "4 to 15 minutes", 1.42),
    "little-shakespeare": _Card("Little Shakespeare", "An older design, as good as Quick.", "1 to 2 minutes", 1.80),
    "tiny-gpt": _Card("Tiny GPT", "Sees only 8 letters at a time: half-made words.", "1 to 2 minutes", 1.99),
}


def training_progress(*, offered: bool) -> gr.HTML:
    """What the browser is told about a training. It stands outside of the tabs, which gradio builds when they open."""
    visible = "hidden" if offered else False
    return gr.HTML(html_template="", visible=visible, elem_id="training-progress", js_on_load=on_load("training"))


def train_tab(
    registry: Registry, menu: gr.HTML, tab: gr.Tab, training_jobs: TrainingJobs, progress: gr.HTML, prompt: gr.Textbox
) -> None:
    """Lay out the tab and wire its events. Trained weights are chosen in the menu of weights at once."""
    latest = gr.State(LatestCall())
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            pasted = gr.Textbox(
                label="Text to learn from",
                info="Paste it here, or drop a file below. The longer, the better: a whole book is best.",
                placeholder="A diary, a hundred recipes, someone’s collected poems …",
                lines=4,
                max_lines=4,
                elem_classes="prompt training-text",
            )
            # Files of every type are accepted, so that errors in them are shown like all others.
            upload = gr.File(label=f"Text file, up to {MAX_TEXT_BYTES / 1e6:.0f} MB", elem_id="training-file")
            presets = gr.HTML(preset_cards(), html_template="", elem_id="presets", js_on_load=on_load("presets"))
            start = gr.Button("Train", variant="primary", elem_id="train")
            with gr.Accordion("Train for longer or shorter", open=False):
                steps = gr.Slider(
                    1,
                    MAX_STEPS,
                    PRESETS[_DEFAULT_PRESET].train.max_iters,
                    step=1,
                    label="Steps",
                    info="Twice the steps take twice the time, and give better text up to a point.",
                )
        with gr.Column(scale=7, min_width=300):
            gr.HTML(
                what_happens(training_jobs), html_template="", elem_id="training", js_on_load=on_load("trainingPanel")
            )
    own = own_weights(registry, menu, prompt, tab, training_jobs.runs)
    # The page's scripts number each call and send it as an event of `progress`.
    start.click(None, js=f"() => {calls('train')}")
    presets.input(None, outputs=steps, js=f"() => {calls('presetSteps')}")
    train, follow = _listeners(registry, menu, training_jobs, progress, own)
    on_call(progress.submit, "training", train, [pasted, upload, steps, latest], [progress, menu, own])
    on_call(progress.apply, "training", follow, latest, [progress, menu, own])
    progress.stop(_stop_listener(training_jobs), queue=False, **NUMBERED)


def how_to_train(*, local: bool) -> gr.HTML:
    """What the tab shows where training is off."""
    here = "To train a small model on your own text, start the page like this:"
    there = "Training keeps a computer busy, so this page does not offer it. With tinygpt on your own computer, run:"
    commands = [
        [here if local else there, own_command("app", "--train")],
        ["Or train in a terminal, with the text in a file:", own_command("train", "--data", "my.txt")],
    ]
    return gr.HTML({"commands": commands}, html_template="", elem_id="how-to-train", js_on_load=on_load("howToTrain"))


def training_data(job: TrainingJob, title: str = "", chosen: bool = False) -> Data:
    """A job as the page's scripts draw it: a Training of tinygpt/web/backend.js.

    `title` is what its weights are called; `chosen` says whether they are now those of the menu.
    """
    curves = []
    if job.batch_losses:
        unseen, learned = curves_of(job.evaluations)
        before = [(step, loss) for step, loss in learned["points"] if step <= job.first_step]
        since = smooth(job.batch_losses, job.config.max_iters - job.first_step)
        curves = [unseen, learned | {"points": before + [(job.first_step + step, loss) for step, loss in since]}]
    return {
        "job": job.id,
        "steps": job.config.max_iters,
        "step": job.step if job.folder else None,
        "curves": curves,
        "sample": job.sample,
        "marks": lowest_mark(job.evaluations),
        "lowest": about_lowest(job.evaluations, job.times_read),
        "ended": job.registered,
        "weights": job.folder.name if job.registered else "",
        "best": [best_name(job.folder.name), job.best_step] if job.registered and job.best_step else None,
        "more": more_steps(job.step, job.config.max_iters),
        "status": _status(job, title, chosen),
    }


def what_happens(training_jobs: TrainingJobs) -> Data:
    """What the tab says before anything is trained."""
    return {
        "steps": [
            "A new model, which knows nothing yet, reads passages of your text again and again.",
            "Every tenth of the way it writes a sample: noise at first, then more and more like your text.",
            "At the end its weights join the menu at the top of the page, and every tab writes with them.",
            "If it was better at an earlier step, the weights of that step join the menu, too.",
        ],
        "notes": [
            f"Your text and the weights are kept on the computer that runs this page, in the folder "
            f"{training_jobs.home}, until someone deletes them.",
            f"If you reload or close the page, training continues. Come back within {MAX_ABSENCE / 60:.0f} minutes to "
            f"see it; after that it is saved and stopped.",
        ],
    }


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


def preset_cards() -> Data:
    """The presets that are offered, as cards to choose from."""
    return {
        "chosen": _DEFAULT_PRESET,
        "cards": [
            {
                "name": name,
                "steps": PRESETS[name].train.max_iters,
                "uncertainty": uncertainty(_CARDS[name].loss),
                **_CARDS[name]._asdict(),
            }
            for name in OFFERED_PRESETS
        ],
    }


def _status(job: TrainingJob, title: str, chosen: bool) -> list[Line]:
    """How far a job is: a line that is read aloud, which changes seldom, and one with the details."""
    total = job.config.max_iters
    progress = f"Step {job.step:,} of {total:,}"
    if job.registered:
        menu = f"{'now selected ' if chosen else ''}in the menu at the top of the page"
        there = f"Its weights are {menu}, as {title}."
        if job.loss is not None:
            unsure = f"On text it never saw, it is {uncertainty(job.loss)}."
            return [("status", f"Done in {duration(job.seconds)}. {there}"), ("status", unsure)]
        away = f", since you had left the page for {MAX_ABSENCE / 60:.0f} minutes" if job.stop_reason == "left" else ""
        stopped = f"Stopped at step {job.step:,} of {total:,}{away}. What it has learned is kept."
        return [("status", stopped), ("status", there)]
    if job.folder is None:
        return [("status", "Reading what was saved …" if job.goes_on else "Reading the text …")]
    if job.measuring:
        return [("status", "Measuring how well it predicts text that it never saw …"), ("status", progress)]
    if job.stop_reason:
        return [("status", "Saving what it has learned …"), ("status", progress)]
    if not job.batch_losses:
        return [("status", "Training …"), ("status", progress)]
    left = (total - job.step) * job.seconds / len(job.batch_losses)
    recent = job.batch_losses[-max(1, (total - job.first_step) // 20) :]
    details = f"{progress} · {uncertainty(sum(recent) / len(recent))}"
    return [("status", f"Training: {duration(left)} left"), ("status", details)]


def _listeners(
    registry: Registry, menu: gr.HTML, training_jobs: TrainingJobs, progress: gr.HTML, own: gr.HTML
) -> tuple[Callable[..., Iterator[Updates]], Callable[..., Iterator[Updates]]]:
    """Two listeners: one begins a job and follows it, the other follows one that was begun before the page opened."""

    def followed(id: object, chosen: bool) -> Iterator[Updates]:
        for job in training_jobs.follow(id):
            title = registry.title(job.folder.name) if job.folder else ""
            updates: Updates = {progress: training_data(job, title, chosen)}
            if job.registered and registry.get(job.folder.name) is None:
                gone = [("status", "Your last run has been deleted.")]
                updates[progress] |= {"weights": "", "best": None, "status": gone}
            elif job.registered:
                updates[menu] = menu_update(registry, **{"value": job.folder.name} if chosen else {})
                updates[own] = packed(own_weights_data(training_jobs.runs))
            yield updates
            chosen = True  # it ends while the visitor is there

    def train(
        pasted: str, upload: str | None, steps: int, latest: LatestCall, event: gr.EventData
    ) -> Iterator[Updates]:
        def states(signal: StopSignal) -> Iterator[Updates]:
            if (name := event_value(event, "weights")) is None:
                job = training_jobs.start(read_training_text(pasted, upload), event_value(event, "preset"), steps)
            else:
                job = training_jobs.go_on(name, event_value(event, "steps"))
            yield from followed(job.id, chosen=True)

        yield from answers(event, latest, progress, states)

    def follow(latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        job = event_value(event, "job")
        yield from answers(event, latest, progress, lambda signal: followed(job, chosen=False))

    return train, follow


def _stop_listener(training_jobs: TrainingJobs) -> Callable[[gr.EventData], None]:
    def stop(event: gr.EventData) -> None:
        training_jobs.stop(event_value(event, "job"))

    return stop
