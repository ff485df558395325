"""The tab How it learned: the loss curves of the chosen weights, texts of their snapshots, and facts."""

from collections.abc import Callable, Iterator, Sequence

import gradio as gr

from tinygpt.checkpoint.reading import METRICS
from tinygpt.flags import SHIPPED
from tinygpt.request import GenerationRequest, bounds
from tinygpt.ui.components.columns import Column, Spans, columns_data, legend
from tinygpt.ui.components.controls import SEED_DIGITS
from tinygpt.ui.components.events import (
    QUIET,
    WISHED,
    WRITERS,
    Data,
    Updates,
    answers,
    calls,
    event_value,
    on_load,
)
from tinygpt.ui.components.facts_table import facts_table
from tinygpt.ui.components.loss_chart import loss_chart, read_curves
from tinygpt.ui.components.status import Line, loading, shared_status
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.snapshots import read_snapshots
from tinygpt.ui.services.wishes import Wishes

LENGTH = 300  # characters of each text

_HINT = "All snapshots use the same random numbers: choose a point of the curve, or write with every snapshot."


def learned_tab(registry: Registry, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire its events."""
    wishes, main = gr.State(Wishes()), registry[MAIN]
    with gr.Row():
        with gr.Column(scale=7, min_width=320):
            points = gr.HTML(_loss_chart(main), elem_id="points", js_on_load=on_load("points"))
        with gr.Column(scale=5, min_width=320, visible=bool(read_snapshots(main))) as form:
            prompt = gr.Textbox("ROMEO:\n", label="Prompt for all", lines=3, max_length=bounds("prompt").high)
            seed = gr.Textbox("1564", label="Seed for all", max_length=SEED_DIGITS)
            with gr.Row():
                start = gr.Button("Write with every snapshot", variant="primary", scale=2, min_width=90)
                stop = gr.Button("Stop", min_width=60)
            gr.HTML(
                html_template=f'<p class="status">{_HINT}</p>',
                elem_id="learned-status",
                js_on_load=on_load("snapshotStatus"),
            )
    texts = gr.HTML(_no_texts(main), html_template="", elem_id="learned", js_on_load=on_load("snapshots"))
    table = gr.HTML(facts_table(main))

    def show_weights(name: str, wishes: Wishes) -> tuple:
        wishes.stop()  # the page awaits no more of them, since these columns answer none of its wishes
        session = registry[name]
        has_snapshots = gr.update(visible=bool(read_snapshots(session)))
        return _loss_chart(session), has_snapshots, _no_texts(session), facts_table(session)

    menu.change(show_weights, [menu, wishes], [points, form, texts, table], queue=False, **QUIET)
    gr.on([start.click, prompt.submit, seed.submit], None, js=f"() => {calls('writeSnapshots')}")
    texts.submit(
        _write_listener(registry, texts),
        [menu, prompt, seed, wishes],
        texts,
        concurrency_id=WRITERS,
        **WISHED,
    )
    stop.click(Wishes.stop, wishes, queue=False, **QUIET)


def write_snapshots(
    registry: Registry, weights: str, prompt: str, seed: str, signal: StopSignal, step: object = None
) -> Iterator[Data]:
    """Write with all snapshots of some weights, or with that of one step, yielding texts and the lines below them.

    Nothing is yielded if there is no snapshot of that step. Raises ValueError for a prompt or a seed out of bounds.
    """
    published = registry[weights]
    snapshots = [each for each in read_snapshots(published) if step in (None, each.step)]
    if not snapshots:
        return
    if not published.loaded:
        yield {"status": loading()}
    request = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
    published.check(request)
    sessions = [snapshot.session for snapshot in snapshots]
    names, selected = [str(snapshot.step) for snapshot in snapshots], "" if step is None else str(step)

    def data(memorized: Sequence[Spans], status: list[Line]) -> Data:
        parts = zip(names, continuations, memorized, strict=True)
        texts = {name: {"text": each.text, "memorized": spans} for name, each, spans in parts}
        return {"texts": texts, "selected": selected, "status": status}

    for continuations in published.write_together([request] * len(snapshots), signal, sessions):
        yield data([()] * len(names), shared_status(continuations[0]))
    memorized = [published.memorized_spans(continuation.text) or () for continuation in continuations]
    yield data(memorized, shared_status(continuations[0], legend(memorized), ended=signal.reason))


def _write_listener(registry: Registry, component: gr.HTML) -> Callable[..., Iterator[Updates]]:
    def write_with_snapshots(
        weights: str, prompt: str, seed: str, wishes: Wishes, event: gr.EventData
    ) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            if (step := event_value(event, "step")) is None:
                return  # not from our page
            step = None if step == "all" else step
            for data in write_snapshots(registry, weights, prompt, seed, signal, step):
                yield {component: data}

        yield from answers(event, wishes, component, texts)

    return write_with_snapshots


def _no_texts(session: Session) -> Data:
    """The columns before anything is written: one for each snapshot."""
    columns = [Column(snapshot.heading, name=str(snapshot.step)) for snapshot in read_snapshots(session)]
    return {"columns": columns_data(columns), "status": [("status", _HINT)]}


def _loss_chart(session: Session) -> str:
    shipped = session.folder == SHIPPED
    return loss_chart(read_curves(session.folder / METRICS), read_snapshots(session), shipped=shipped)
