"""The tab Temperature: one prompt with one seed, continued at several temperatures side by side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import gradio as gr

from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation
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
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.share_link import ShareLink
from tinygpt.ui.services.wishes import Wishes

TEMPERATURES = "0, 0.5, 0.8, 1.2"
MAX_TEMPERATURES = 6
LENGTH = 400  # characters of each text

_HINT = "Every temperature uses the same random numbers: see where the texts begin to differ."


def temperature_tab(registry: Registry, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire its events."""
    wishes = gr.State(Wishes())
    with gr.Row():
        prompt = gr.Textbox(
            "ROMEO:\n", label="One prompt", lines=2, max_length=bounds("prompt").high, scale=4, min_width=240
        )
        seed = gr.Textbox("1564", label="One seed", max_length=SEED_DIGITS, scale=1, min_width=120)
        temperatures = gr.Textbox(TEMPERATURES, label="Temperatures", max_length=60, scale=2, min_width=160)
    with gr.Row():
        start = gr.Button("Write side by side", variant="primary", scale=2, min_width=90)
        stop = gr.Button("Stop", min_width=60)
    texts = gr.HTML(
        html_template=f'<p class="blank">{_HINT}</p>', elem_id="temperatures", js_on_load=on_load("temperatures")
    )
    gr.on(
        [start.click, prompt.submit, seed.submit, temperatures.submit],
        None,
        [prompt, seed, temperatures],
        js=f"(...values) => {calls('compare', '...values')}",
    )
    texts.submit(_write_listener(registry, texts), [menu, wishes], texts, concurrency_id=WRITERS, **WISHED)
    stop.click(Wishes.stop, wishes, queue=False, **QUIET)


def read_temperatures(text: object) -> list[float]:
    """The numbers in a list with commas. Raises FieldError if there are none, too many, or something else."""
    try:
        found = [float(part) for part in str(text).split(",") if part.strip()]
    except ValueError:
        raise FieldError("temperatures", f"must be numbers with commas between them, not {text!r:.60}") from None
    if not 1 <= len(found) <= MAX_TEMPERATURES:
        raise FieldError("temperatures", f"must be 1 to {MAX_TEMPERATURES} numbers, not {len(found)}")
    return found


def comparison(
    continuations: Sequence[Continuation], memorized: Sequence[Spans] = (), links: Sequence[str] = ()
) -> Data:
    """The texts side by side, as data.

    `memorized` and `links` hold the memorized spans and the share link of each text, once they are finished.
    """
    columns = [
        Column(f"{each.request.temperature:g}", each.text, spans or (), link=link or "")
        for each, spans, link in zip_longest(continuations, memorized, links)
    ]
    return {"columns": columns_data(columns), "status": [("status", legend(memorized))]}


def _write_listener(registry: Registry, component: gr.HTML) -> Callable[..., Iterator[Updates]]:
    def compare(weights: str, wishes: Wishes, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            prompt, seed, temperatures = (event_value(event, name) for name in ("prompt", "seed", "temperatures"))
            session = registry[weights]
            first = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
            requests = [replace(first, temperature=temperature) for temperature in read_temperatures(temperatures)]
            for continuations in session.write_together(requests, signal):
                yield {component: comparison(continuations)}
            memorized = [session.memorized_spans(each.text) or [] for each in continuations]
            sha256 = session.facts["weights_sha256"]
            links = [ShareLink(each.request, sha256).fragment() for each in continuations]
            yield {component: comparison(continuations, memorized, links)}

        yield from answers(event, wishes, component, texts)

    return compare
