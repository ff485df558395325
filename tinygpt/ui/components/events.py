"""What the events of all tabs share."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from tinygpt.ui.components.status import refusal
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.wishes import Wishes

WRITERS = "writers"  # one concurrency limit for all texts, those of the page and of the endpoint
# Options of the page's own events: not part of the API, and without a spinner over the text.
QUIET = {"api_visibility": "private", "show_progress": "hidden"}
# Options of events that answer wishes: gradio would drop a second one while the first is being answered.
WISHED = {"trigger_mode": "multiple", **QUIET}

Data = dict[str, Any]  # what a module of tinygpt/web draws; backend.js there says what is in it
Updates = dict[Any, Any]  # new values of components, by component


def calls(function: str, arguments: str = "") -> str:
    """JavaScript that calls a function of tinygpt/web/page.js, as soon as the page has loaded it."""
    return f"window.tinygpt.then((page) => page.{function}({arguments}))"


def on_load(function: str) -> str:
    """JavaScript with which a gr.HTML gives itself to a function of tinygpt/web/page.js."""
    return calls(function, "{ element, trigger, props, watch }")


def event_value(event: gr.EventData, name: str) -> Any:
    """A value that the page's script sent with an event; None if it is missing, as only in a forged event."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None


def answer(event: gr.EventData, wishes: Wishes, compute: Callable[[], Data]) -> Data:
    """The answer to a wish, with the number of the wish; nothing to change if there is a later one by then.

    Where `compute` raises ValueError, the answer holds the reason alone.
    """
    number = event_value(event, "wish")
    signal = wishes.begin(number)
    if not wishes.is_latest(signal):
        return gr.skip()
    try:
        data = compute()
    except ValueError as error:
        data = {"status": refusal(error)}
    return {"wish": number, **data} if wishes.is_latest(signal) else gr.skip()


def answers(
    event: gr.EventData, wishes: Wishes, component: gr.HTML, write: Callable[[StopSignal], Iterator[Updates]]
) -> Iterator[Updates]:
    """Yield the updates of the page with which a wish is answered, until there is a later wish.

    `write` yields them; it is called with the signal that ends the text. Those of `component` get the number of the
    wish. Where `write` raises ValueError, the last one holds the reason alone.
    """
    number = event_value(event, "wish")
    signal, answered = wishes.begin(number), False
    try:
        for updates in write(signal) if wishes.is_latest(signal) else ():
            if not wishes.is_latest(signal):
                break
            answered = True
            yield updates | {part: {"wish": number, **data} for part, data in updates.items() if part is component}
    except ValueError as error:
        answered = True
        yield {component: {"wish": number, "status": refusal(error)}}
    if not (answered and wishes.is_latest(signal)):
        # gradio repeats the last update at the end, which must not be an old answer, and empties outputs without any.
        yield {component: gr.skip()}
