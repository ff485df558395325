"""ASGI middleware for the paths of requests: it refuses what the page does not use, and knows the path of a proxy."""

import re
from urllib.parse import unquote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# A URL with a scheme, or without one ("//host"). A scheme has two characters or more: "C:" is a drive of Windows.
_REMOTE = re.compile(r"[\s\x00-\x1f]*([a-z][a-z0-9+.-]+:|[/\\]{2})", re.IGNORECASE)
_MAX_DECODINGS = 5

# They write files that nothing deletes, print what they are sent, poll without end, or read a login's token back;
# gradio's server for assistants has no bounds, and its page at /mcp shows any script that is in the path.
_UNUSED = re.compile(
    r"/gradio_api/(component_server|custom_component|deep_link|dev|mcp|process_recording|stream|token|vibe-[a-z-]+)(/|$)"
    r"|/monitoring(/|$)"
)
_INFO = re.compile(r"/gradio_api/info/?$")


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


class RefuseUnusedRoutes:
    """ASGI middleware that answers 404 to requests for gradio's routes that this page does not use."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "http" and _UNUSED.search(scope["path"]):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class DescribeAnew:
    """ASGI middleware that lets every description of the API name the host under which it was asked for.

    gradio makes one description for the whole site, with code that calls the host of whoever came first. This host is
    what a request claims, so anybody could lead all later readers elsewhere. For a single page, it makes a new one.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, for a description with the page named."""
        if scope["type"] == "http" and _INFO.search(scope["path"]) and b"page=" not in scope["query_string"]:
            scope = scope | {"query_string": b"&".join(filter(None, (scope["query_string"], b"page=")))}
        await self.app(scope, receive, send)


class ServeBelow:
    """ASGI middleware that serves every route below `path` too, for proxies that keep the path they serve."""

    def __init__(self, app: ASGIApp, *, path: str):
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with the path in its scope."""
        # In the place of gradio's root path, which may be a whole URL, and so would never be found in a path.
        await self.app(scope | {"root_path": self.path}, receive, send)


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
