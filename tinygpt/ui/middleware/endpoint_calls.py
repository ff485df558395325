"""Calls of the page's endpoints from inside the server: requests like any other, which come from no network."""

import json
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Scope

from tinygpt.ui.middleware.bodies import replayed

_OF_THE_BODY = {b"accept", b"accept-encoding", b"content-length", b"content-type", b"transfer-encoding"}


async def call_endpoint(
    app: ASGIApp, scope: Scope, path: str, values: list[Any], on_value: Callable[[Any], Awaitable[None]]
) -> Any:
    """Call the endpoint of gradio at `path` on behalf of the request with this scope; return its last value.

    `on_value` is called with each value before that. To cancel the call ends what it has begun. Raises ValueError,
    with the reason, if the endpoint refuses the values.
    """
    joined = bytearray()

    async def keep(part: bytes) -> None:
        joined.extend(part)

    status = await _send(app, scope, "POST", path, json.dumps({"data": values}).encode(), keep)
    answer = json.loads(joined)
    if status != 200:
        raise ValueError(_problem(answer["detail"]))
    kind, data, unread = "error", "the page has ended this call", b""

    async def read(part: bytes) -> None:
        nonlocal kind, data, unread
        *events, unread = (unread + part).split(b"\n\n")
        for event in events:
            name, value = (line.partition(b": ")[2].decode() for line in event.split(b"\n"))
            if name != "heartbeat":
                kind, data = name, json.loads(value)
            if name == "generating":
                await on_value(data[0])

    await _send(app, scope, "GET", f"{path}/{answer['event_id']}", b"", read)
    if kind != "complete":
        raise ValueError(_problem(data["error"] if isinstance(data, dict) else data))
    return data[0]


async def _send(
    app: ASGIApp, scope: Scope, method: str, path: str, body: bytes, on_part: Callable[[bytes], Awaitable[None]]
) -> int:
    """Send a request with the headers of another one, and return the status; `on_part` gets the parts of the answer."""
    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    status = 0

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            await on_part(message.get("body", b""))

    changed = {"method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    await app(scope | changed, replayed(body, anyio.sleep_forever), send)
    return status


def _problem(detail: str | list[dict[str, Any]]) -> str:
    """What is wrong with a request, from the answer that refuses it."""
    if isinstance(detail, str):
        return unescape(detail)
    return "; ".join(each["message"] for each in detail if each["message"])
