"""Refusals that arrive, though they are sent before a request has been worked on."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, but first read what is sent if it tells its length.

    Clients look at an answer when they have sent all, and the server might close the connection before.
    """
    more = "content-length" in Headers(scope=scope)
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
    await response(scope, receive, send)
