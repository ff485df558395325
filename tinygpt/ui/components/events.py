"""What the events of all tabs share."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from tinygpt.ui.components.status import refusal
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.session import StopSignal

WRITERS = "writers"  # one concurrency limit for all texts, those of the page and of the endpoint
# Options of the page's own events: not part of the API, and without a spinner over the text.
QUIET = {"api_visibility": "private", "show_progress": "hidden"}
# Options of events that answer calls: gradio would drop a second one while the first is being answered.
NUMBERED = {"trigger_mode": "multiple", **QUIET}

Data = dict[str, Any]  # what a module of tinygpt/web draws; backend.js there says what is in it
Updates = dict[Any, Any]  # new values of components, by component


def calls(function: str, arguments: str = "") -> str:
    """JavaScript that calls a function of tinygpt/web/page.js, as soon as the page has loaded it."""
    return f"window.tinygpt.then((page) => page.{function}({arguments}))"


def on_load(function: str, *others: str) -> str:
    """JavaScript with which a gr.HTML gives itself, and other arguments, to a function of tinygpt/web/page.js."""
    return calls(function, ", ".join(["{ element, trigger, props, watch }", *others]))


def on_call(event: Callable[..., gr.events.Dependency], name: str, *arguments: Any, **options: Any) -> None:
    """Answer the calls of a component, which tinygpt/web/gradio/backend.js knows by that name, when an event comes.

    Arguments and options are those of the event. Where it fails on the server, or is refused there, the script answers.
    """
    failure = f"() => {calls('failed', json.dumps(name))}"
    event(*arguments, **NUMBERED, **options).failure(None, js=failure, **QUIET)


def event_value(event: gr.EventData, name: str) -> Any:
    """A value that the page's script sent with an event; None if it is missing, as only in a forged event."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None


def packed(data: Data) -> str:
    """Data as one string, for a gr.HTML that is given it as a whole.

    At every event the page's gradio copies the values of all components, number by number, which takes as long as all
    else; a string it passes on as it is. What grows is not packed: of that, gradio sends only what is new.
    """
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")  # or gradio would warn of scripts in it


def answer(event: gr.EventData, latest: LatestCall, compute: Callable[[], Data]) -> str:
    """The answer to a call, with the number of the call, packed; nothing to change if there is a later one by then.

    Where `compute` raises ValueError, the answer holds the reason alone.
    """
    number = event_value(event, "call")
    signal = latest.begin(number)
    if not latest.is_latest(signal):
        return gr.skip()
    try:
        data = compute()
    except ValueError as error:
        data = {"status": refusal(error)}
    return packed({"call": number, **data}) if latest.is_latest(signal) else gr.skip()


def answers(
    event: gr.EventData, latest: LatestCall, component: gr.HTML, write: Callable[[StopSignal], Iterator[Updates]]
) -> Iterator[Updates]:
    """Yield the updates of the page with which a call is answered, until there is a later call.

    `write` yields them; it is called with the signal that ends the text. Those of `component` get the number of the
    call. Where `write` raises ValueError, the last one holds the reason alone.
    """
    number = event_value(event, "call")
    signal, answered = latest.begin(number), False
    try:
        for updates in write(signal) if latest.is_latest(signal) else ():
            if not latest.is_latest(signal):
                break
            answered = True
            yield updates | {part: {"call": number, **data} for part, data in updates.items() if part is component}
    except ValueError as error:
        answered = True
        yield {component: {"call": number, "status": refusal(error)}}
    if not (answered and latest.is_latest(signal)):
        # gradio repeats the last update at the end, which must not be an old answer, and empties outputs without any.
        yield {component: gr.skip()}
