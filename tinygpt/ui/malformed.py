"""Malformed requests: each is refused in a sentence, and leaves one line in the log instead of a traceback."""

import logging
import traceback
from contextvars import ContextVar
from html import escape
from threading import Event
from typing import Any, NoReturn

import gradio as gr
from gradio.block_function import BlockFunction
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_refused: ContextVar[Event] = ContextVar("refused")  # set where an event has refused the current request
# What the values of a control are; gradio takes others, too, or fails on them.
_KINDS = {
    gr.Textbox: (str | None, "a text"),
    gr.Radio: (str, "one of its choices"),
    gr.Slider: (int | float, "a number"),
}


class CheckedBlocks(gr.Blocks):
    """A page whose events refuse values that its own controls never send.

    gradio passes on some of them, and prints a traceback for the others, which anybody could fill the log with. A
    ValueError that an event raises is a refusal, too: as everywhere in tinygpt, it is meant for who sent the value.
    """

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], *args: Any, **options: Any
    ) -> list[Any]:
        """Turn values as they were sent into an event's arguments. Raises gr.Error for wrong ones."""
        if block_fn.fn is None:
            _refuse("This event is for the page's own scripts: reload the page")
        if len(inputs) != (expected := len(block_fn.inputs)):
            _refuse(f"This event takes {expected} values, not {len(inputs)}: see /gradio_api/info for what it takes")
        for component, value in zip(block_fn.inputs, inputs, strict=True):
            kind, name = _KINDS.get(type(component), (object, ""))
            if not isinstance(value, kind):
                found = "empty" if value is None else type(value).__name__
                _refuse(f"{component.label} must be {name}, not {found}: change it and try again")
        try:
            return await super().preprocess_data(block_fn, inputs, *args, **options)
        except Exception as error:  # gradio's controls raise errors of many kinds
            _log.warning("an event was refused: %s", type(error).__name__)
            _refuse("This value is not one the page can send: reload the page")

    async def call_function(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Call an event's function. Raises gr.Error where it raises ValueError."""
        try:
            return await super().call_function(*args, **options)
        except ValueError as error:
            _refuse(str(error))


class RefuseMalformed:
    """ASGI middleware that answers 400 to requests that gradio's routes fail on, such as one for an unknown event.

    So it does where an event refuses a request, which gradio answers as if the fault were the server's.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it if this fails."""
        started, refused = False, Event()
        _refused.set(refused)

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message | {"status": 400} if message.get("status") == 500 and refused.is_set() else message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http":
                raise
            where = traceback.extract_tb(error.__traceback__)[-1].name
            _log.warning("%s %.80r failed in %s: %s", scope["method"], scope["path"], where, type(error).__name__)
            if started:  # a stream: only its end can still be sent
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await JSONResponse(
                    {"detail": "The page cannot make sense of this request: see /gradio_api/info for what it takes."},
                    400,
                )(scope, receive, send)


def _refuse(reason: str) -> NoReturn:
    """Raise an error that gradio shows to the visitor, as HTML, and prints no traceback of."""
    _refused.get(Event()).set()
    raise gr.Error(escape(reason, quote=False), print_exception=False) from None
