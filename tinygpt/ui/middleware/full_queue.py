"""ASGI middleware that turns requests away while the queue of the page is full."""

import re
from collections.abc import Sized

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_JOIN = re.compile(r"/gradio_api/(queue/join|call/(v2/)?[^/]+)/?$")


class RefuseWhenFull:
    """ASGI middleware that answers 503 to a request for which a queue of at most `limit` requests has no room.

    gradio does so itself, but takes milliseconds for it: of a thousand at once, everybody else would notice.
    """

    def __init__(self, app: ASGIApp, *, queue: Sized, limit: int):
        self.app, self.queue, self.limit = app, queue, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        joins = scope["type"] == "http" and scope["method"] == "POST" and _JOIN.search(scope["path"])
        if joins and len(self.queue) >= self.limit:
            refusal = {"detail": "The queue is full: try again in a few seconds."}
            await JSONResponse(refusal, status_code=503)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
