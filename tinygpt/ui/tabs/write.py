"""The tab Write: a prompt and its continuation side by side."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import gradio as gr
from gradio.components import Component

from tinygpt.request import names
from tinygpt.ui.components import status
from tinygpt.ui.components.candidates import show_candidates
from tinygpt.ui.components.controls import Controls, build_controls, control_values, request_of
from tinygpt.ui.components.events import WISHED, WRITERS, Updates, answers, calls, event_value
from tinygpt.ui.components.output import Output, build_output
from tinygpt.ui.components.output_pane import finished_text, growing_text
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import ShareLink, read_share_link
from tinygpt.ui.services.wishes import Wishes


def write_tab(registry: Registry, menu: gr.Dropdown) -> list[Component]:
    """Lay out the tab and wire its events.

    Returns what the tab Look inside reads: the prompt, the menu, and the sliders for temperature, top-k and top-p.
    """
    wishes = gr.State(Wishes())  # each visitor gets a copy
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            controls = build_controls(registry, menu)
        with gr.Column(scale=7, min_width=320):
            output = build_output()
    prompt, pane = controls.request["prompt"], output.pane
    form = list(controls.request.values())
    # Buttons call the page's scripts, which number each wish and send it as an event of the pane.
    write = f"(...values) => {calls('write', f'{json.dumps(names())}, values')}"
    gr.on([controls.start.click, prompt.submit], None, form, js=write)
    controls.stop.click(None, js=f"() => {calls('stop')}")
    controls.clear.click(None, outputs=[prompt], js=f"() => {calls('clear')}")
    writing = {"concurrency_id": WRITERS, **WISHED}
    pane.submit(_write_listener(registry, pane), [menu, wishes], pane, **writing)
    filled = [*form, menu, controls.fitted, pane]
    pane.apply(_link_listener(registry, controls, output), [menu, wishes], filled, **writing)
    pane.stop(_stop, wishes, queue=False, **WISHED)
    changed = [output.copy, output.copy_link, output.download, controls.stop, output.json, controls.seed_used]
    pane.input(None, outputs=changed, js=f"() => {calls('controls')}")
    show_candidates(registry, menu, output.candidates, controls.sampling)
    return [prompt, menu, *controls.sampling]


def _stop(wishes: Wishes, event: gr.EventData) -> None:
    """End the text that is being written: where it is, or for a wish to have none at all, which has a number."""
    if (number := event_value(event, "wish")) is None:
        wishes.stop()
    else:
        wishes.begin(number)


def _write_listener(registry: Registry, pane: gr.HTML) -> Callable[..., Iterator[Updates]]:
    """Writes the text of the form, with the weights of the menu, or of a link, with the weights that wrote it."""

    def write(weights: str, wishes: Wishes, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            if (link := event_value(event, "link")) is None:
                session = registry[weights]  # writes the whole text, whatever is chosen in the menu meanwhile
                request = request_of(event_value(event, "request"), session.tokenizer.vocab_size).seeded()
                link = ShareLink(request, session.facts["weights_sha256"])
            else:
                link = read_share_link(link)
                session = registry.of(link.weights_sha256)
            yield from _written(session, pane, link, signal)

        yield from answers(event, wishes, pane, texts)

    return write


def _link_listener(registry: Registry, controls: Controls, output: Output) -> Callable[..., Iterator[Updates]]:
    """Shows a share link in the form, and writes its text, by the weights that wrote it if the page has them."""

    def open_link(weights: str, wishes: Wishes, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            link = read_share_link(event_value(event, "link"))
            name = registry.name_of(link.weights_sha256) or weights
            session = registry[name]
            _check(session, link)
            yield _filled(registry, controls, name, link)
            other = not session.facts["weights_sha256"].startswith(link.weights_sha256)
            note = status.other_weights(link.weights_sha256) if other else []
            for updates in _written(session, output.pane, link, signal):
                updates[output.pane]["status"] += note
                yield updates

        yield from answers(event, wishes, output.pane, texts)

    return open_link


def _filled(registry: Registry, controls: Controls, weights: str, link: ShareLink) -> Updates:
    """The form with the fields of a link."""
    vocab_size = registry[weights].tokenizer.vocab_size
    values = control_values(link.request, vocab_size)
    filled = {component: values[name] for name, component in controls.request.items()}
    filled[controls.request["top_k"]] = gr.update(value=values["top_k"], maximum=vocab_size)
    return filled | {controls.weights: menu_update(registry, value=weights), controls.fitted: weights}


def _written(session: Session, pane: gr.HTML, link: ShareLink, signal: StopSignal) -> Iterator[Updates]:
    """Yield the text of a link as it is written. Raises ValueError if it cannot be.

    A text with forced characters is shown from the last of them on, so that its unchanged beginning stays in view.
    """
    _check(session, link)
    if not session.loaded:
        yield {pane: {"status": status.loading()}}
    last_forced = max(link.forced, default=-1)
    for continuation in session.write(link.request, signal, link.forced):
        if len(continuation.text) > last_forced:
            yield {pane: growing_text(continuation, link.forced, status.status(continuation))}
    memorized = session.memorized_spans(continuation.text)
    link = replace(link, request=continuation.request, weights_sha256=session.facts["weights_sha256"])
    share_link = link.until(len(continuation.text)) if signal.reason else link
    lines = status.status(continuation, ended=signal.reason) + status.memorization(continuation.text, memorized)
    yield {pane: finished_text(continuation, share_link, memorized or [], lines)}


def _check(session: Session, link: ShareLink) -> None:
    """Raise ValueError for a link whose text these weights cannot write."""
    session.check(link.request)
    session.tokenizer.encode("".join(link.forced.values()))
