"""The tab How it learned: texts from snapshots of the chosen weights, the loss curves of their run, and facts."""

from collections.abc import Callable, Iterator, Sequence

import gradio as gr

from tinygpt.data.download import learned_default_text
from tinygpt.flags import SHIPPED
from tinygpt.inference.continuation import Continuation
from tinygpt.page.masthead import uncertainty
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.columns import Column, Spans, columns_data, lines_below
from tinygpt.ui.components.events import (
    QUIET,
    WRITERS,
    Data,
    Updates,
    answers,
    calls,
    event_value,
    on_call,
    on_load,
    packed,
)
from tinygpt.ui.components.facts_table import facts
from tinygpt.ui.components.loss_chart import loss_chart
from tinygpt.ui.components.prompt_box import prompt_box
from tinygpt.ui.components.status import loading
from tinygpt.ui.services.evaluations import read_evaluations
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.snapshots import Snapshot, read_snapshots
from tinygpt.ui.services.training_text import times_read

LENGTH = 300  # characters of each text

# What texts are like from a loss on, in nats per character. True of the default text only: a test counts it.
_STAGES = {
    3.0: "Letters come almost at random.",
    2.0: "Letters come in groups as long as words. Some of them are words.",
    1.6: "Most words are real. The rest only look real.",
    0.0: "Nearly all words are real, set in lines as in a play.",
}


def learned_tab(registry: Registry, menu: gr.HTML, tab: gr.Tab, written: gr.Textbox) -> None:
    """Lay out the tab and wire its events. `written` is the prompt of the tab Write."""
    latest, main = gr.State(LatestCall()), registry[MAIN]
    with gr.Row(visible=bool(read_snapshots(main)), elem_classes="comparison") as form:
        prompt = prompt_box(written, "learned-prompt")
        seed = gr.Textbox("1564", label="Seed for all texts", scale=2, min_width=130)
        start = gr.Button("Write side by side", variant="primary", scale=2, min_width=150)
        stop = gr.Button("Stop", scale=1, min_width=60)
    texts = gr.HTML(_before_writing(main), html_template="", elem_id="learned", js_on_load=on_load("snapshots"))
    run = gr.HTML(packed(_run(main)), html_template="", elem_id="run", js_on_load=on_load("run"))

    def show_weights(name: str, latest: LatestCall) -> tuple:
        latest.stop()  # the page awaits no more of them, since these columns answer none of its calls
        session = registry[name]
        return gr.update(visible=bool(read_snapshots(session))), _before_writing(session), packed(_run(session))

    fields = [menu, prompt, seed]
    see = {"fn": None, "inputs": fields, "js": f"(...form) => {calls('seeSnapshots', '...form')}"}
    menu.change(show_weights, [menu, latest], [form, texts, run], queue=False, **QUIET).then(**see)
    gr.on([tab.select, prompt.change], **see)
    gr.on(
        [start.click, prompt.submit, seed.submit], None, fields, js=f"(...form) => {calls('writeSnapshots', '...form')}"
    )
    writer = _write_listener(registry, texts)
    on_call(texts.submit, "snapshots", writer, [menu, latest], texts, concurrency_id=WRITERS)
    stop.click(LatestCall.stop, latest, queue=False, **QUIET)


def write_snapshots(
    registry: Registry, weights: str, prompt: object, seed: object, signal: StopSignal
) -> Iterator[Data]:
    """Write with all snapshots of some weights, yielding the columns and the lines with them.

    Without snapshots, the lines are empty. Raises ValueError for a prompt or a seed out of bounds.
    """
    published = registry[weights]
    snapshots = read_snapshots(published)
    if not snapshots:
        yield {"status": []}
        return
    request = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
    published.check(request)
    if not published.loaded:
        yield {"status": loading(), "writing": True}
    sessions = [snapshot.session for snapshot in snapshots]
    for continuations in published.write_together([request] * len(snapshots), signal, sessions):
        yield _written(snapshots, continuations) | {"writing": True}
    memorized = [published.memorized_spans(continuation.text) or () for continuation in continuations]
    yield _written(snapshots, continuations, memorized, signal.reason)


def _write_listener(registry: Registry, component: gr.HTML) -> Callable[..., Iterator[Updates]]:
    def write_with_snapshots(weights: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            prompt, seed = event_value(event, "prompt"), event_value(event, "seed")
            for data in write_snapshots(registry, weights, prompt, seed, signal):
                yield {component: data}

        yield from answers(event, latest, component, texts)

    return write_with_snapshots


def _written(
    snapshots: Sequence[Snapshot],
    continuations: Sequence[Continuation],
    memorized: Sequence[Spans] = (),
    ended: str = "",
) -> Data:
    spans = memorized or [()] * len(snapshots)
    parts = zip(snapshots, continuations, spans, strict=True)
    columns = [_column(snapshot)._replace(text=each.text, memorized=passages) for snapshot, each, passages in parts]
    temperature = f"The temperature is {continuations[0].request.temperature:g}."
    status = lines_below(continuations[0], temperature, memorized=memorized, ended=ended)
    return {"columns": columns_data(columns), "status": status}


def _before_writing(session: Session) -> Data:
    """The columns before anything is written: one for each snapshot."""
    return {"columns": columns_data([_column(snapshot) for snapshot in read_snapshots(session)]), "status": []}


def _column(snapshot: Snapshot) -> Column:
    name, heading, loss = str(snapshot.step), f"Step {snapshot.step:,}", snapshot.loss
    if loss is None:
        return Column(name, heading, "")
    sentences = [f"{uncertainty(loss).capitalize()}."]
    if learned_default_text(snapshot.published.facts):
        sentences.append(next(words for bound, words in _STAGES.items() if loss >= bound))
    return Column(name, heading, " ".join(sentences), f"{loss:.4f} nats per character")


def _run(session: Session) -> Data:
    """The chart of the losses, the facts, and whose they are."""
    shipped = session.folder == SHIPPED
    evaluations, snapshots = read_evaluations(session.run), read_snapshots(session)
    often = times_read(session, evaluations[-1].step) if evaluations else 0
    chart = loss_chart(evaluations, snapshots, times_read=often, shipped=shipped)
    return {"chart": chart, "facts": facts(session), "weights_sha256": session.facts["weights_sha256"]}
