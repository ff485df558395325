"""The tab Write: a prompt and its continuation side by side."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import gradio as gr
from gradio.components import Component

from tinygpt.request import names
from tinygpt.ui.components import status
from tinygpt.ui.components.candidates import build_candidates, show_candidates
from tinygpt.ui.components.controls import Controls, build_controls, control_values, request_of
from tinygpt.ui.components.events import NUMBERED, WRITERS, Updates, answers, calls, event_value, on_call
from tinygpt.ui.components.output import build_output
from tinygpt.ui.components.texts import finished_text, growing_text, sample_text
from tinygpt.ui.components.tour import tour
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import ShareLink, cannot_be_opened, read_share_link

_NO_SAMPLE = {"text": "", "writing": False, "status": []}


def write_tab(registry: Registry, menu: gr.HTML) -> list[Component]:
    """Lay out the tab and wire its events.

    Returns what the tab Look inside reads: the prompt, the menu, and the sliders for temperature, top-k and top-p.
    """
    latest = gr.State(LatestCall())  # each visitor gets a copy
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="controls"):
            controls = build_controls(registry, menu)
        with gr.Column(scale=7, min_width=320, elem_classes="output"):
            output, candidates = build_output(registry[MAIN]), build_candidates()
        tour()
    prompt = controls.request["prompt"]
    form = list(controls.request.values())
    # Buttons call the page's scripts, which number each call and send it as an event of the output.
    write = f"(...values) => {calls('write', f'{json.dumps(names())}, values')}"
    gr.on([controls.start.click, prompt.submit], None, form, js=write)
    controls.stop.click(None, js=f"() => {calls('stop')}")
    controls.clear.click(None, outputs=[prompt], js=f"() => {calls('clear')}")
    on_call(output.submit, "text", _write_listener(registry, output), [menu, latest], output, concurrency_id=WRITERS)
    filled = [*form, menu, controls.fitted, output]
    opened = _link_listener(registry, controls, output)
    on_call(output.apply, "text", opened, [menu, latest], filled, concurrency_id=WRITERS)
    output.stop(_stop, latest, queue=False, **NUMBERED)
    menu.change(None, js=f"() => {calls('showSample')}")
    output.input(None, outputs=[controls.stop, controls.seed_used], js=f"() => {calls('controls')}")
    show_candidates(registry, menu, candidates, controls.sampling)
    return [prompt, menu, *controls.sampling]


def _stop(latest: LatestCall, event: gr.EventData) -> None:
    """End the text that is being written: where it is, or for a call to have none at all, which has a number."""
    if (number := event_value(event, "call")) is None:
        latest.stop()
    else:
        latest.begin(number)


def _write_listener(registry: Registry, output: gr.HTML) -> Callable[..., Iterator[Updates]]:
    """Writes the text of the form, with the weights of the menu, or of a link, with the weights that wrote it.

    Or gives the sample of the weights of the menu.
    """

    def write(weights: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            if event_value(event, "sample"):
                yield {output: sample_text(registry[weights]) or _NO_SAMPLE}
                return
            if (link := event_value(event, "link")) is None:
                session = registry[weights]  # writes the whole text, whatever is chosen in the menu meanwhile
                request = request_of(event_value(event, "request"), session.tokenizer.vocab_size).seeded()
                link = ShareLink(request, session.facts["weights_sha256"])
            else:
                link = read_share_link(link)
                session = registry.of(link.weights_sha256)
            yield from _written(session, output, link, signal)

        yield from answers(event, latest, output, texts)

    return write


def _link_listener(registry: Registry, controls: Controls, output: gr.HTML) -> Callable[..., Iterator[Updates]]:
    """Shows a share link in the form, and writes its text, by the weights that wrote it if the page has them."""

    def open_link(weights: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            link = read_share_link(event_value(event, "link"))
            name = registry.name_of(link.weights_sha256) or weights
            session = registry[name]
            try:
                _check(session, link)
            except ValueError as error:
                raise cannot_be_opened(error) from None
            yield _filled(registry, controls, name, link)
            other = not session.facts["weights_sha256"].startswith(link.weights_sha256)
            note = status.other_weights(link.weights_sha256) if other else []
            for updates in _written(session, output, link, signal):
                if "text" in updates[output]:  # or it says what it waits for
                    updates[output]["status"] += note
                yield updates

        yield from answers(event, latest, output, texts)

    return open_link


def _filled(registry: Registry, controls: Controls, weights: str, link: ShareLink) -> Updates:
    """The form with the fields of a link, but its seed."""
    vocab_size = registry[weights].tokenizer.vocab_size
    values = control_values(link.request, vocab_size)
    values["seed"] = ""  # Write then writes another text
    filled = {component: values[name] for name, component in controls.request.items()}
    filled[controls.request["top_k"]] = gr.update(value=values["top_k"], maximum=vocab_size)
    return filled | {controls.weights: menu_update(registry, value=weights), controls.fitted: weights}


def _written(session: Session, output: gr.HTML, link: ShareLink, signal: StopSignal) -> Iterator[Updates]:
    """Yield the text of a link as it is written. Raises ValueError if it cannot be.

    A text with forced characters is shown from the last of them on, so that its unchanged beginning stays in view.
    """
    _check(session, link)
    if not session.loaded:
        yield {output: {"status": status.loading(), "writing": True}}
    link = replace(link, weights_sha256=session.facts["weights_sha256"])
    fragment, last_forced = link.fragment(), max(link.forced, default=-1)
    for continuation in session.write(link.request, signal, link.forced):
        if len(continuation.text) > last_forced:
            growing = growing_text(continuation, link.forced, status.writing(continuation))
            yield {output: growing | {"fragment": fragment}}
    memorized = session.memorized_spans(continuation.text)
    link = replace(link, request=continuation.request)
    share_link = link.until(len(continuation.text)) if signal.reason else link
    lines = status.status(continuation, ended=signal.reason) + status.memorization(continuation.text, memorized)
    yield {output: finished_text(continuation, share_link, memorized or [], lines)}


def _check(session: Session, link: ShareLink) -> None:
    """Raise ValueError for a link whose text these weights cannot write."""
    session.check(link.request)
    if unknown := {*link.forced.values()} - {*session.tokenizer.vocabulary}:
        raise ValueError(f"the model does not know the character {min(unknown)!r}")
