"""The tab Compare: one prompt with one seed, at several temperatures or with two settings, side by side."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, NamedTuple

import gradio as gr

from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation
from tinygpt.page.compared import SETTINGS, SIDES, compared
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
)
from tinygpt.ui.components.prompt_box import prompt_box
from tinygpt.ui.components.status import loading
from tinygpt.ui.components.weights_menu import weights_choices
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.share_link import ShareLink

MAX_TEMPERATURES = 6
LENGTH = 400  # characters of each text

_MARKS = "A mark shows where a text diverges from the one to its left."


class Setting(NamedTuple):
    """What one of the texts is written with."""

    session: Session
    request: GenerationRequest
    weights: str = ""  # what they are called; "" where all are those that are chosen on the page


def compare_tab(registry: Registry, menu: gr.HTML, tab: gr.Tab, written: gr.Textbox) -> None:
    """Lay out the tab and wire its events. `written` is the prompt of the tab Write."""
    latest = gr.State(LatestCall())
    with gr.Row(elem_classes="comparison"):
        prompt = prompt_box(written, "compare-prompt")
        start = gr.Button("Write side by side", variant="primary", scale=2, min_width=150)
        stop = gr.Button("Stop", scale=1, min_width=60)
    weights = json.dumps([weights_choices(registry), MAIN])
    texts = gr.HTML(html_template=compared(), elem_id="compare", js_on_load=on_load("compare", weights))
    form = [menu, prompt]
    # What is compared is chosen in the component of the texts, whose script asks for these events, too.
    pressed, seen = [start.click, prompt.submit, texts.apply], [tab.select, menu.change, prompt.change]
    gr.on(pressed, None, form, js=f"(...form) => {calls('writeCompared', '...form')}")
    gr.on([*seen, texts.select], None, form, js=f"(...form) => {calls('seeCompared', '...form')}")
    texts.input(None, None, written, js=f"() => {calls('comparedPrompt')}", **QUIET)
    writer = _write_listener(registry, texts)
    on_call(texts.submit, "compare", writer, [menu, latest], texts, concurrency_id=WRITERS)
    stop.click(LatestCall.stop, latest, queue=False, **QUIET)


def read_temperatures(text: object) -> list[float]:
    """The numbers in a list with commas. Raises FieldError if there are none, too many, or something else."""
    try:
        found = [float(part) for part in str(text).split(",") if part.strip()]
    except ValueError:
        raise FieldError("temperatures", f"must be numbers separated by commas, not {text!r:.60}") from None
    if not 1 <= len(found) <= MAX_TEMPERATURES:
        raise FieldError("temperatures", f"must be 1 to {MAX_TEMPERATURES} numbers, not {len(found)}")
    return found


def read_settings(registry: Registry, weights: str, first: GenerationRequest, sides: Sequence[Any]) -> list[Setting]:
    """What texts are written with that differ from `first` in some fields each, and may in the weights.

    Each of `sides` holds the fields, and the beginning of the weights' sha256 if it is not those called `weights`.
    Raises ValueError for what is out of bounds or unknown.
    """
    settings = []
    for side in sides:
        if not isinstance(side, dict) or side.keys() - {*SETTINGS, "weights"}:
            raise ValueError("these settings do not belong to this page: reload the page")
        fields = dict(side)
        name = _weights_of(registry, fields.pop("weights", None)) or weights
        settings.append(Setting(registry[name], replace(first, **fields), registry.title(name)))
    others = any(each.session is not registry[weights] for each in settings)
    return settings if others else [each._replace(weights="") for each in settings]


def heading(request: GenerationRequest) -> str:
    """The settings of a text in a few words: "Temperature 1.2, top-k 5"."""
    if request.strategy != "sample":
        return "Greedy" if request.strategy == "greedy" else f"Beam search, width {request.beam_width}"
    limits = {"top-k": request.top_k, "top-p": request.top_p}
    named = [f"{name} {limit:g}" for name, limit in limits.items() if limit is not None]
    return ", ".join([f"Temperature {request.temperature:g}", *named])


def in_words(request: GenerationRequest) -> str:
    """What the settings of a text do to it."""
    if request.strategy == "beam":
        return "the likeliest text that the search finds"
    if request.strategy == "greedy" or request.temperature == 0:
        return "always the likeliest letter"
    bounds = {0.65: "careful", 0.95: "balanced", 1.05: "just as it learned", 1.5: "wild"}
    words = [next((words for bound, words in bounds.items() if request.temperature < bound), "almost at random")]
    if request.top_k == 1:
        words.append("the likeliest letter only")
    elif request.top_k:
        words.append(f"among the {request.top_k} likeliest letters")
    if request.top_p is not None:
        words.append(f"among the likeliest letters that add up to {100 * request.top_p:g}%")
    return ", ".join(words)


def comparison(
    continuations: Sequence[Continuation],
    memorized: Sequence[Spans] = (),
    links: Sequence[str] = (),
    *,
    weights: Sequence[str] = (),
    ended: str = "",
) -> Data:
    """The texts side by side, as data.

    `memorized` and `links` hold the memorized spans and the share link of each text, once they are finished; `weights`
    says what the weights of each are called, unless all are those that are chosen on the page; `ended` says why they
    ended early.
    """
    requests = [each.request for each in continuations]
    settings = [heading(request) for request in requests]
    alike = len(set(settings)) == 1 and any(weights)  # then only the weights are worth a heading
    columns = []
    for each, setting, name, spans, link in zip_longest(continuations, settings, weights, memorized, links):
        title = (name if alike else f"{name}: {setting[:1].lower()}{setting[1:]}") if name else setting
        caption = in_words(each.request)
        columns.append(
            Column(
                name=title,
                heading=title,
                caption=f"{setting}: {caption}" if alike else caption,
                text=each.text,
                memorized=spans or (),
                link=link or "",
            )
        )
    first = replace(continuations[0], notes=_notes(continuations, [column.heading for column in columns]))
    return {
        "columns": columns_data(columns),
        "status": lines_below(first, _MARKS, memorized=memorized, ended=ended),
    }


def _notes(continuations: Sequence[Continuation], headings: Sequence[str]) -> tuple[str, ...]:
    """What was changed in the prompt; where weights know different characters, with the heading of the text."""
    notes = [each.notes for each in continuations]
    if len(set(notes)) == 1:
        return notes[0]
    return tuple(f"{heading}: {note}" for heading, noted in zip(headings, notes, strict=True) for note in noted)


def _weights_of(registry: Registry, sha256: object) -> str | None:
    """The name of the weights whose sha256 begins so; None for none. Raises ValueError if they are not there."""
    if sha256 is None:
        return None
    name = registry.name_of(sha256) if isinstance(sha256, str) and sha256 else None
    if name is None:
        raise ValueError(f"the weights {str(sha256)[:12]!r} are not on this page: choose others")
    return name


def _write_listener(registry: Registry, component: gr.HTML) -> Callable[..., Iterator[Updates]]:
    def settings_of(weights: str, event: gr.EventData) -> list[Setting]:
        prompt, seed = event_value(event, "prompt"), event_value(event, "seed")
        first = GenerationRequest(prompt=prompt, length=LENGTH, seed=seed).seeded()
        if (temperatures := event_value(event, "temperatures")) is None:
            return read_settings(registry, weights, first, [event_value(event, side) for side in SIDES])
        asked = {"weights": event_value(event, "weights")}
        sides = [{"temperature": temperature} | asked for temperature in read_temperatures(temperatures)]
        return read_settings(registry, weights, first, sides)

    def compare(weights: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def texts(signal: StopSignal) -> Iterator[Updates]:
            sessions, requests, names = zip(*settings_of(weights, event), strict=True)
            for session, request in zip(sessions, requests, strict=True):
                session.check(request)
            if not all(session.loaded for session in sessions):
                yield {component: {"status": loading(), "writing": True}}
            for continuations in sessions[0].write_together(requests, signal, sessions):
                yield {component: comparison(continuations, weights=names) | {"writing": True}}
            written = list(zip(sessions, continuations, strict=True))
            memorized = [session.memorized_spans(each.text) or [] for session, each in written]
            links = [_link(session, each).fragment() for session, each in written]
            yield {component: comparison(continuations, memorized, links, weights=names, ended=signal.reason)}

        yield from answers(event, latest, component, texts)

    return compare


def _link(session: Session, continuation: Continuation) -> ShareLink:
    return ShareLink(continuation.request, session.facts["weights_sha256"]).until(len(continuation.text))
