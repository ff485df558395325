"""ASGI middleware that puts our tags into the head of gradio's document, in place of those about gradio."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OURS = re.compile(r"(og|twitter):.*|description|theme-color|application-name|apple-mobile-web-app-title")
_LINKS = {"apple-touch-icon", "canonical", "icon", "manifest"}
_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?", re.ASCII | re.IGNORECASE)


class RewriteDocument:
    """ASGI middleware that replaces what gradio's document says of itself: title, description, preview, icons.

    `head` returns our tags, given the URL at which the page was asked for, or None for one that is malformed.
    `root_path` is where proxies serve the page: a path, or a whole URL, which then is the page's. Otherwise its host is
    that of the Host header. No other one names a host here: caches do not look at X-Forwarded-Host, so that anybody
    could choose what they keep for all. gradio itself writes that host into the document, which caches must not share
    for this reason.
    """

    def __init__(self, app: ASGIApp, *, head: Callable[[str | None], str], root_path: str):
        self.app, self.head, self.root_path = app, head, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and rewrite the answer if it is the document."""
        if scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/"):
            send = self._rewriting(scope, send)
        await self.app(scope, receive, send)

    def _rewriting(self, scope: Scope, send: Send) -> Send:
        start: Message | None = None
        body = bytearray()

        async def rewrite(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
            elif start is None:  # a refusal, or a stream
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    document = with_head(body.decode(), self.head(self._address(scope))).encode()
                    headers = {"Content-Length": str(len(document)), "Cache-Control": "private, no-cache"}
                    MutableHeaders(scope=start).update(headers)
                    await send(start)
                    await send(message | {"body": document})

        return rewrite

    def _address(self, scope: Scope) -> str | None:
        """The URL of the page without a final slash, as it was asked for; None if that was malformed."""
        if "://" in self.root_path:
            return self.root_path
        headers = Headers(scope=scope)
        forwarded = headers.get("x-forwarded-proto", "").split(",")[0].strip()
        scheme = forwarded if forwarded in ("http", "https") else scope["scheme"]
        host = headers.get("host", "")
        return f"{scheme}://{host}{self.root_path}" if _HOST.fullmatch(host) else None


def with_head(document: str, head: str) -> str:
    """A document with these tags at the beginning of its <head>, and without its own of the same kinds.

    They come first, but for the encoding and the base address: who shows previews may read no more than a beginning.
    """
    found = _Head(document)
    for first, end in sorted([*found.replaced, (found.place, found.place)], reverse=True):
        document = document[:first] + (head if first == end else "") + document[end:]
    return document


class _Head(HTMLParser):
    """Finds where things are in a document's <head>."""

    def __init__(self, document: str):
        super().__init__()
        self.place = 0  # where to insert tags
        self.replaced: list[tuple[int, int]] = []  # the first and the end of each element to take out
        self._document = document
        self._title: int | None = None  # where a title begins
        self._lines = [0, *(match.end() for match in re.finditer("\n", document))]
        self._done = False
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        first, values = self._offset(), {name: (value or "").lower() for name, value in attributes}
        end = first + len(self.get_starttag_text() or "")
        if self._done or tag == "body":
            self._done = True
        elif tag in ("html", "head", "base") or (tag == "meta" and "charset" in values):
            self.place = end
        elif tag == "title":
            self._title = first
        elif (tag == "meta" and _OURS.fullmatch(values.get("property") or values.get("name") or "")) or (
            tag == "link" and _LINKS.intersection(values.get("rel", "").split())
        ):
            self.replaced.append((first, end))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None and not self._done:
            self.replaced.append((self._title, self._document.index(">", self._offset()) + 1))
        self._done = self._done or tag == "head"

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _is_html(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
