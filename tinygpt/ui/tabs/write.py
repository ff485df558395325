"""The tab Write: a prompt and its continuation side by side."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.output import format_output
from tinygpt.ui.components import status
from tinygpt.ui.components.candidates import show_candidates
from tinygpt.ui.components.controls import Controls, build_controls, control_values, request_of
from tinygpt.ui.components.events import QUIET, WRITERS, calls, event_value
from tinygpt.ui.components.output import Output, build_output
from tinygpt.ui.components.output_pane import output_pane
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import ShareLink, read_share_link

_ON, _OFF = gr.update(interactive=True), gr.update(interactive=False)


def write_tab(registry: Registry, menu: gr.Dropdown) -> list[Component]:
    """Lay out the tab and wire its events.

    Returns what the tab Look inside reads: the State of a DisplayedText, the prompt, the menu, and the sliders for
    temperature, top-k and top-p.
    """
    signal = gr.State(StopSignal())  # each visitor gets a copy
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            controls = build_controls(registry, menu)
        with gr.Column(scale=7, min_width=320):
            output = build_output()
    prompt = controls.request["prompt"]
    results = [getattr(output, each.name) for each in fields(output)] + [controls.stop, controls.seed_used]
    writing = {"concurrency_id": WRITERS, **QUIET}
    runs = [
        gr.on(
            [controls.start.click, prompt.submit],
            _write_listener(registry, controls, output),
            [*controls.request.values(), menu, signal],
            results,
            **writing,
        ),
        output.candidates.select(
            _force_listener(registry, controls, output), [output.displayed, signal], results, **writing
        ),
        output.pane.apply(
            _link_listener(registry, controls, output),
            [menu, signal],
            [*controls.request.values(), menu, controls.fitted, *results],
            **writing,
        ),
    ]
    show_candidates(registry, menu, output.displayed, output.pane, output.candidates, controls.sampling)
    controls.start.click(None, js="() => " + calls("reveal"))
    controls.stop.click(StopSignal.stop, signal, queue=False, **QUIET)
    empty = {output.pane: output_pane(""), output.status: status.status(), output.candidates: ""}
    empty |= {output.displayed: None, output.json: "", prompt: "", controls.seed_used: ""}
    empty |= dict.fromkeys((output.copy, output.copy_link, output.download, controls.stop), _OFF)
    controls.clear.click(lambda: empty, outputs=list(empty), cancels=runs, queue=False, **QUIET)
    output.copy.click(None, js="() => " + calls("copyText"))
    output.copy_link.click(None, output.fragment, js="fragment => " + calls("copyLink", "fragment"))
    output.download.click(None, output.file, js="text => " + calls("download", "text"))
    return [output.displayed, prompt, menu, *controls.sampling]


def _write_listener(registry: Registry, controls: Controls, output: Output) -> Callable[..., Iterator[dict]]:
    def write(*values: Any) -> Iterator[dict]:
        *values, weights, signal = values
        try:
            session = registry[weights]  # writes the whole text, whatever is chosen in the menu meanwhile
            request = request_of(values, session.tokenizer.vocab_size).seeded()
            session.check(request)
        except ValueError as error:
            yield {output.status: status.refusal(error)}
            return
        link, first = ShareLink(request, session.facts["weights_sha256"]), {output.candidates: ""}
        for changes in _written(session, controls, output, link, signal):
            yield first | changes
            first = {}

    return write


def _force_listener(registry: Registry, controls: Controls, output: Output) -> Callable[..., Iterator[dict]]:
    """Writes the text again with the chosen candidate in its position, by the weights that wrote the text."""

    def force(displayed: DisplayedText | None, signal: StopSignal, event: gr.EventData) -> Iterator[dict]:
        yield {output.candidates: gr.skip()}  # gradio empties the outputs of an event that yields nothing
        if displayed is None or displayed.position is None:
            return
        session, character = registry.of(displayed.link.weights_sha256), event_value(event, "character")
        if character in [*session.tokenizer.vocabulary]:
            yield from _written(session, controls, output, displayed.with_forced(character), signal)

    return force


def _link_listener(registry: Registry, controls: Controls, output: Output) -> Callable[..., Iterator[dict]]:
    """Writes the text of a share link, by the weights that wrote it if the page has them."""

    def open_link(weights: str, signal: StopSignal, event: gr.EventData) -> Iterator[dict]:
        try:
            link = read_share_link(event_value(event, "link"))
            weights = registry.name_of(link.weights_sha256) or weights
            session = registry[weights]
            session.check(link.request)
            session.tokenizer.encode("".join(link.forced.values()))
        except ValueError as error:
            yield {output.status: status.refusal(error)}
            return
        vocab_size = session.tokenizer.vocab_size
        values = control_values(link.request, vocab_size)
        filled = {component: values[name] for name, component in controls.request.items()}
        filled[controls.request["top_k"]] = gr.update(value=values["top_k"], maximum=vocab_size)
        yield filled | {
            controls.weights: menu_update(registry, value=weights),
            controls.fitted: weights,
            output.candidates: "",
        }
        other = not session.facts["weights_sha256"].startswith(link.weights_sha256)
        for changes in _written(session, controls, output, link, signal):
            if other and output.status in changes:
                changes[output.status] += status.other_weights(link.weights_sha256)
            yield changes

    return open_link


def _written(
    session: Session, controls: Controls, output: Output, link: ShareLink, signal: StopSignal
) -> Iterator[dict]:
    """Yield the page's updates while a text is written, as few and small as possible: gradio takes long for each.

    A text with forced characters is shown from the last of them on, so that its unchanged beginning stays in view.
    """
    signal.reason = ""
    if not session.loaded:
        yield {output.status: status.loading()}
    last_forced = max(link.forced, default=-1)
    begins = {output.displayed: None, controls.stop: _ON}  # only a finished text can be inspected
    begins |= dict.fromkeys((output.copy, output.copy_link, output.download), _OFF)
    for continuation in session.write(link.request, signal, link.forced):
        if len(continuation.text) > last_forced:
            pane = output_pane(continuation.text, continuation.confidence, link.forced, writing=True)
            yield begins | {output.pane: pane, output.status: status.status(continuation)}
            begins = {}
    memorized = session.memorized_spans(continuation.text)
    link = replace(link, request=continuation.request, weights_sha256=session.facts["weights_sha256"])
    share_link = link.until(len(continuation.text)) if signal.reason else link
    lines = status.status(continuation, ended=signal.reason) + status.memorization(continuation.text, memorized)
    yield {
        output.pane: output_pane(
            continuation.text, continuation.confidence, link.forced, memorized or [], link=share_link.json()
        ),
        output.status: lines,
        output.candidates: "",
        output.json: share_link.json(),
        output.fragment: share_link.fragment(),
        output.file: format_output(continuation.prompt, continuation.text),
        output.copy: _ON if continuation.text else _OFF,
        output.copy_link: _ON,
        output.download: _ON,
        output.displayed: DisplayedText(link, continuation.prompt, continuation.text),
        controls.stop: _OFF,
        controls.seed_used: str(continuation.request.seed) if continuation.request.uses_seed else "",
    }
