"""The tab Temperature: one prompt with one seed, continued at several temperatures side by side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile, zip_longest

import gradio as gr

from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest, bounds
from tinygpt.ui.components.columns import Column, Spans, legend, side_by_side
from tinygpt.ui.components.controls import SEED_DIGITS
from tinygpt.ui.components.events import QUIET, WRITERS
from tinygpt.ui.components.status import refusal
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.share_link import ShareLink

TEMPERATURES = "0, 0.5, 0.8, 1.2"
MAX_TEMPERATURES = 6
LENGTH = 400  # characters of each text


def temperature_tab(registry: Registry, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire its events."""
    signal = gr.State(StopSignal())
    with gr.Row():
        prompt = gr.Textbox(
            "ROMEO:\n", label="One prompt", lines=2, max_length=bounds("prompt").high, scale=4, min_width=240
        )
        seed = gr.Textbox("1564", label="One seed", max_length=SEED_DIGITS, scale=1, min_width=120)
        temperatures = gr.Textbox(TEMPERATURES, label="Temperatures", max_length=60, scale=2, min_width=160)
    with gr.Row():
        start = gr.Button("Write side by side", variant="primary", scale=2, min_width=90)
        stop = gr.Button("Stop", min_width=60)
    texts = gr.HTML(comparison([]), elem_id="temperatures")
    gr.on(
        [start.click, prompt.submit, seed.submit, temperatures.submit],
        _write_listener(registry),
        [prompt, seed, temperatures, menu, signal],
        texts,
        concurrency_id=WRITERS,
        **QUIET,
    )
    stop.click(StopSignal.stop, signal, queue=False, **QUIET)


def read_temperatures(text: str) -> list[float]:
    """The numbers in a list with commas. Raises FieldError if there are none, too many, or something else."""
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise FieldError("temperatures", f"must be numbers with commas between them, not {text!r:.60}") from None
    if not 1 <= len(found) <= MAX_TEMPERATURES:
        raise FieldError("temperatures", f"must be 1 to {MAX_TEMPERATURES} numbers, not {len(found)}")
    return found


def comparison(continuations: list[Continuation], memorized: Sequence[Spans] = (), links: Sequence[str] = ()) -> str:
    """The texts side by side as HTML. A mark shows where each first differs from the one before it.

    `memorized` and `links` hold the memorized spans and the share link of each text, once they are finished.
    """
    if not continuations:
        return (
            '<p class="blank">Every temperature uses the same random numbers: see where the texts begin to differ.</p>'
        )
    columns = [
        Column(
            f"{continuation.request.temperature:g}",
            continuation.text,
            _first_difference(continuation, before),
            spans or (),
            link=link or "",
        )
        for continuation, before, spans, link in zip_longest(
            continuations, [continuations[0], *continuations[:-1]], memorized, links
        )
    ]
    return side_by_side(columns) + f'<p class="status">{legend(memorized)}</p>'


def _first_difference(continuation: Continuation, before: Continuation) -> int | None:
    """The first position where a text differs from the one before it; None if it does not."""
    pairs = zip(continuation.text, before.text, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same if same < len(continuation.text) else None


def _write_listener(registry: Registry) -> Callable[..., Iterator[str]]:
    def write(prompt: str, seed: str, temperatures: str, weights: str, signal: StopSignal) -> Iterator[str]:
        signal.reason = ""
        try:
            session = registry[weights]
            first = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
            requests = [replace(first, temperature=temperature) for temperature in read_temperatures(temperatures)]
            texts = session.write_together(requests, signal)
        except ValueError as error:
            yield refusal(error)
            return
        for continuations in texts:
            yield comparison(continuations)
        memorized = [session.memorized_spans(each.text) or [] for each in continuations]
        sha256 = session.facts["weights_sha256"]
        links = [ShareLink(each.request, sha256).fragment() for each in continuations]
        yield comparison(continuations, memorized, links)

    return write
