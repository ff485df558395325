"""Calls of the page's endpoints from inside the server: requests like any other, which come from no network."""

import json
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Scope

from tinygpt.ui.middleware.bodies import replayed

_UNEXPLAINED = "the page could not answer this call: try again, or read its log"
_OF_THE_BODY = {b"accept", b"accept-encoding", b"content-length", b"content-type", b"transfer-encoding"}


async def call_endpoint(
    app: ASGIApp, scope: Scope, path: str, values: list[Any], on_value: Callable[[Any], Awaitable[None]]
) -> Any:
    """Call the endpoint of gradio at `path` on behalf of the request with this scope; return its last value.

    `on_value` is called with each value before that. To cancel the call ends what it has begun. Raises ValueError,
    with the reason, if the endpoint refuses the values or fails.
    """
    joined = bytearray()

    async def keep(part: bytes) -> None:
        joined.extend(part)

    kind, data, unread = "error", "the page has ended this call", b""

    async def read(part: bytes) -> None:
        nonlocal kind, data, unread
        *events, unread = (unread + part).split(b"\n\n")
        for event in events:
            lines = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
            if (name := lines.get(b"event", b"").decode()) in ("generating", "complete", "error"):
                kind, data = name, json.loads(lines[b"data"])
            if name == "generating":
                await on_value(data[0])

    # Between the two requests nobody would end what has begun: gradio does, once it answers the second.
    with anyio.CancelScope(shield=True) as shielded:
        status = await _send(app, scope, "POST", path, json.dumps({"data": values}).encode(), keep)
        answer = _object(joined)
        if status != 200 or "event_id" not in answer:
            raise ValueError(_problem(answer.get("detail")))
        await _send(app, scope, "GET", f"{path}/{answer['event_id']}", b"", read, shielded)
    if kind != "complete":
        raise ValueError(_problem(data.get("error") if isinstance(data, dict) else data))
    return data[0]


async def _send(
    app: ASGIApp,
    scope: Scope,
    method: str,
    path: str,
    body: bytes,
    on_part: Callable[[bytes], Awaitable[None]],
    shielded: anyio.CancelScope | None = None,
) -> int:
    """Send a request with the headers of another one, and return the status; `on_part` gets the parts of the answer.

    `shielded` can be canceled from outside once the answer has begun.
    """
    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    status = 0

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            if shielded is not None:
                shielded.shield = False
        else:
            await on_part(message.get("body", b""))

    changed = {"method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    await app(scope | changed, replayed(body, anyio.sleep_forever), send)
    return status


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in an answer; an empty one if it is anything else."""
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _problem(detail: Any) -> str:
    """What is wrong with a request, from the answer that refuses it: a text, a list with messages, or no reason."""
    if isinstance(detail, list):
        detail = "; ".join(each["message"] for each in detail if isinstance(each, dict) and each.get("message"))
    return unescape(detail) if isinstance(detail, str) and detail else _UNEXPLAINED
