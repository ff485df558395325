"""What the page's server refuses before gradio sees it."""

import re
from urllib.parse import unquote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# A scheme has two characters or more: "C:" at the beginning of a path is a drive of Windows.
_ELSEWHERE = re.compile(r"[\s\x00-\x1f]*([a-z][a-z0-9+.-]+:|[/\\]{2})", re.IGNORECASE)
_MOST_DECODINGS = 5


class RefuseRemoteFiles:
    """ASGI middleware that answers 403 to requests for files of other hosts.

    gradio's routes /file=URL and /proxy=URL fetch what a visitor names and serve it from the page's own origin, where
    a script in it could do whatever the page can (gradio#13593). The page needs neither: files of its own have paths.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and names_a_remote_file(scope["path"]):
            refusal = PlainTextResponse("This page serves no files of other hosts.", status_code=403)
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def names_a_remote_file(path: str) -> bool:
    """Whether a request's path asks gradio to fetch something: by /proxy=, or by /file= with a URL in any spelling."""
    for _ in range(_MOST_DECODINGS):
        _, asked, name = path.partition("/file=")
        if "/proxy=" in path or (asked and _ELSEWHERE.match(name)):
            return True
        if (decoded := unquote(path)) == path:
            return False
        path = decoded
    return True  # nobody encodes a path that often by accident
