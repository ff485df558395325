"""ASGI middleware that refuses dangerous requests before gradio sees them."""

import re
from urllib.parse import unquote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# A URL with a scheme, or without one ("//host"). A scheme has two characters or more: "C:" is a drive of Windows.
_REMOTE = re.compile(r"[\s\x00-\x1f]*([a-z][a-z0-9+.-]+:|[/\\]{2})", re.IGNORECASE)
_MAX_DECODINGS = 5


class RefuseRemoteFiles:
    """ASGI middleware that answers 403 to requests for files of other hosts.

    gradio's routes /file=URL and /proxy=URL fetch any URL and serve the answer from the page's own origin, where a
    script in it has the rights of the page (gradio#13593). The page needs neither: its own files are named by paths.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "http" and names_a_remote_file(scope["path"]):
            refusal = PlainTextResponse("This page serves no files of other hosts.", status_code=403)
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def names_a_remote_file(path: str) -> bool:
    """Whether a request's path is /proxy=, or /file= with a URL, however often it is percent-encoded."""
    for _ in range(_MAX_DECODINGS):
        _, route, name = path.partition("/file=")
        if "/proxy=" in path or (route and _REMOTE.match(name)):
            return True
        if (decoded := unquote(path)) == path:
            return False
        path = decoded
    return True  # no honest client encodes a path that often
