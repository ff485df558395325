"""The tab How it learned: the loss curves of the chosen weights, texts of their snapshots, and facts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import gradio as gr

from tinygpt.checkpoint.reading import METRICS
from tinygpt.flags import SHIPPED
from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest, bounds
from tinygpt.ui.components.columns import Column, Spans, legend, side_by_side
from tinygpt.ui.components.controls import SEED_DIGITS
from tinygpt.ui.components.events import QUIET, WRITERS, event_value
from tinygpt.ui.components.facts_table import facts_table
from tinygpt.ui.components.loss_chart import loss_chart, read_curves
from tinygpt.ui.components.status import loading, refusal, shared_status
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.snapshots import Snapshot, read_snapshots

LENGTH = 300  # characters of each text

_HINT = (
    '<p class="status">All snapshots use the same random numbers: choose a point of the curve, or write with every '
    "snapshot.</p>"
)


@dataclass
class SnapshotTexts:
    """The texts that one visitor's snapshots wrote, and the signal that stops the latest ones."""

    texts: dict[int, tuple[str, Spans]] = field(default_factory=dict)  # by step: a text and its memorized spans
    selected: int | None = None  # the step whose point was chosen; None if all snapshots wrote
    signal: StopSignal = field(default_factory=StopSignal)

    def begin(self) -> StopSignal:
        """Stop the texts that are being written, and return a signal for new ones."""
        self.signal.stop()
        self.signal = StopSignal()
        return self.signal

    def stop(self) -> None:
        """Stop the texts that are being written."""
        self.signal.stop()

    def update(
        self, snapshots: Sequence[Snapshot], continuations: Sequence[Continuation], memorized: Sequence[Spans]
    ) -> None:
        """Replace the texts of some snapshots."""
        for snapshot, continuation, spans in zip(snapshots, continuations, memorized, strict=True):
            self.texts[snapshot.step] = continuation.text, spans

    def html(self, published: Session) -> str:
        """A column for each snapshot of the weights, those without a text included."""
        columns = []
        for snapshot in read_snapshots(published):
            text, memorized = self.texts.get(snapshot.step, ("", ()))
            selected = snapshot.step == self.selected
            columns.append(Column(snapshot.heading, text, None, memorized, str(snapshot.step), selected))
        return side_by_side(columns)


def learned_tab(registry: Registry, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire its events."""
    state, main = gr.State(SnapshotTexts()), registry[MAIN]  # each visitor gets a copy of the state
    with gr.Row():
        with gr.Column(scale=7, min_width=320):
            points = gr.HTML(_loss_chart(main), elem_id="points", js_on_load="window.tinygpt.points(element, trigger)")
        with gr.Column(scale=5, min_width=320, visible=bool(read_snapshots(main))) as form:
            prompt = gr.Textbox("ROMEO:\n", label="Prompt for all", lines=3, max_length=bounds("prompt").high)
            seed = gr.Textbox("1564", label="Seed for all", max_length=SEED_DIGITS)
            with gr.Row():
                start = gr.Button("Write with every snapshot", variant="primary", scale=2, min_width=90)
                stop = gr.Button("Stop", min_width=60)
            status = gr.HTML(_HINT, elem_id="learned-status")
    texts = gr.HTML(SnapshotTexts().html(main), elem_id="learned", js_on_load="window.tinygpt.columns(element)")
    table = gr.HTML(facts_table(main))

    def show_weights(name: str, state: SnapshotTexts) -> tuple:
        state.begin()  # texts for the weights chosen before end, and are not shown any more
        session = registry[name]
        has_snapshots = gr.update(visible=bool(read_snapshots(session)))
        columns = SnapshotTexts().html(session)
        return _loss_chart(session), has_snapshots, _HINT, columns, facts_table(session), SnapshotTexts()

    menu.change(show_weights, [menu, state], [points, form, status, texts, table, state], queue=False, **QUIET)
    # New texts stop the ones before them, so several events may run at a time.
    writing = {"outputs": [texts, status], "concurrency_id": WRITERS, "trigger_mode": "multiple", **QUIET}
    inputs = [menu, prompt, seed, state]
    gr.on([start.click, prompt.submit, seed.submit], partial(write_snapshots, registry), inputs, **writing)
    points.select(_point_listener(registry), inputs, **writing)
    stop.click(SnapshotTexts.stop, state, queue=False, **QUIET)


def write_snapshots(
    registry: Registry, weights: str, prompt: str, seed: str, state: SnapshotTexts, step: object = None
) -> Iterator[tuple]:
    """Write with all snapshots of some weights, or with that of one step, yielding columns and status.

    Other columns keep their texts, as all do if there is no snapshot of that step. At least one value is yielded:
    gradio empties the outputs of an event that yields none.
    """
    signal = state.begin()
    try:
        published = registry[weights]
        snapshots = [each for each in read_snapshots(published) if step in (None, each.step)]
        if not snapshots:
            yield gr.skip(), gr.skip()
            return
        if not published.loaded:
            yield gr.skip(), loading()
        request = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
        published.check(request)
        sessions = [snapshot.session for snapshot in snapshots]
    except ValueError as error:
        yield gr.skip(), refusal(error)
        return
    state.selected = step
    for continuations in published.write_together([request] * len(snapshots), signal, sessions):
        if state.signal is not signal:
            break
        state.update(snapshots, continuations, [()] * len(continuations))
        yield state.html(published), shared_status(continuations[0])
    if state.signal is not signal:  # the visitor has asked for other texts since
        yield gr.skip(), gr.skip()  # gradio repeats the last value at the end: this keeps it from being an old text
        return
    memorized = [published.memorized_spans(continuation.text) or () for continuation in continuations]
    state.update(snapshots, continuations, memorized)
    yield state.html(published), shared_status(continuations[0], legend(memorized), ended=signal.reason)


def _point_listener(registry: Registry) -> Callable[..., Iterator[tuple]]:
    def write_at_point(
        weights: str, prompt: str, seed: str, state: SnapshotTexts, event: gr.EventData
    ) -> Iterator[tuple]:
        if (step := event_value(event, "step")) is not None:
            yield from write_snapshots(registry, weights, prompt, seed, state, step)
        else:  # not from our page
            yield gr.skip(), gr.skip()

    return write_at_point


def _loss_chart(session: Session) -> str:
    shipped = session.folder == SHIPPED
    return loss_chart(read_curves(session.folder / METRICS), read_snapshots(session), shipped=shipped)
