"""ASGI middleware that answers requests for the page's static files from memory."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOLDERS = ("/assets/", "/static/")
_HASHED = "/assets/"  # gradio names these by their content
_FOREVER = "public, max-age=31536000, immutable"

Response = tuple[Message, bytes]  # the start of a response and its body


class KeepStaticFiles:
    """ASGI middleware that keeps the files it has served, compressed as they were.

    A page opens with a hundred of them, and gradio reads and compresses each one for every visitor.
    """

    def __init__(self, app: ASGIApp, *, limit: int = 32_000_000):
        """Keep at most `limit` bytes."""
        self.app = app
        self._kept: dict[tuple[str, bool, bool], Response] = {}
        self._room = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file from memory, or pass it on and keep the answer."""
        if not _is_plain(scope):
            await self.app(scope, receive, send)
            return
        accepted = Headers(scope=scope).get("accept-encoding", "")
        key = scope["path"], "br" in accepted, "gzip" in accepted
        if key not in self._kept:
            await self._serve(key, scope, receive, send)
            return
        start, body = self._kept[key]
        await send(_copy(start))
        await send({"type": "http.response.body", "body": body})

    async def _serve(self, key: tuple[str, bool, bool], scope: Scope, receive: Receive, send: Send) -> None:
        start, parts = None, []

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if _path(scope).startswith(_HASHED) and message["status"] == 200:
                    MutableHeaders(scope=message)["Cache-Control"] = _FOREVER
                start = _copy(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(key, start, b"".join(parts))
            await send(message)

        await self.app(scope, receive, keep)

    def _keep(self, key: tuple[str, bool, bool], start: Message, body: bytes) -> None:
        if start["status"] == 200 and key not in self._kept and len(body) <= self._room:
            self._kept[key] = (start, body)
            self._room -= len(body)


def _is_plain(scope: Scope) -> bool:
    """Whether a request is for a whole static file."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return False
    headers = Headers(scope=scope)
    conditional = any(name in headers for name in ("range", "if-none-match", "if-modified-since"))
    return not conditional and _path(scope).startswith(_FOLDERS)


def _path(scope: Scope) -> str:
    return scope["path"].removeprefix(scope.get("root_path", ""))


def _copy(start: Message) -> Message:
    """The start of a response, to whose headers other middleware may add."""
    return start | {"headers": [*start["headers"]]}
