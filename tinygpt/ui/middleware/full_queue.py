"""ASGI middleware that turns requests away while there are too many."""

import re
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JOIN = re.compile(r"/gradio_api/(queue/join|call/(v2/)?[^/]+)/?$")


class RefuseWhenFull:
    """ASGI middleware that answers 503 to a request for the queue while it has `limit` requests or more.

    `count` counts those that wait and those that are answered. gradio's own limit counts only the former, and for a
    moment every request waits, so that it refuses some of many at once even if there is room for all of them. It also
    takes milliseconds for a refusal: of a thousand at once, everybody else would notice.
    """

    def __init__(self, app: ASGIApp, *, count: Callable[[], int], limit: int):
        self.app, self.count, self.limit = app, count, limit
        self._joining = 0  # requests that are here, on their way to the queue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        joins = scope["type"] == "http" and scope["method"] == "POST" and _JOIN.search(scope["path"])
        if not joins:
            await self.app(scope, receive, send)
            return
        received = await _whole(receive)  # first, or whoever never sends theirs would hold a place
        if self.count() + self._joining < self.limit:

            async def again() -> Message:
                return received.pop(0) if received else await receive()

            self._joining += 1
            try:
                await self.app(scope, again, send)
            finally:
                self._joining -= 1
        else:
            refusal = JSONResponse({"detail": "The queue is full: try again in a few seconds."}, 503)
            await refusal(scope, receive, send)


async def _whole(receive: Receive) -> list[Message]:
    """All messages of a request's body, or those up to its client's leaving."""
    received = [await receive()]
    while received[-1].get("more_body", False):
        received.append(await receive())
    return received
