"""ASGI middleware that keeps other websites from using the page through the browsers of its visitors."""

import json
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinygpt.ui.address import hostname, is_loopback
from tinygpt.ui.middleware.bodies import read_body, replayed

_PUBLIC = re.compile(
    r"/config|/gradio_api/(info|openapi\.json|queue/(join|data)|cancel|heartbeat/\w+"
    r"|call/(v2/)?(generate|probabilities)(/[0-9a-f]+)?)/?"
)
_JOIN = re.compile(r"/gradio_api/queue/join/?")
_TO_ANYONE = {"Access-Control-Allow-Origin": "*"}  # which browsers never combine with credentials
_PREFLIGHT = _TO_ANYONE | {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type, X-Gradio-User",  # the latter by gradio's client
    "Access-Control-Max-Age": "600",
}
_WRONG_HOST = (
    "This page answers only on its own machine, under names such as localhost. "
    "To serve it through a proxy, start it with --root-path https://HOST/PATH."
)
_FOREIGN = (
    "This request comes from the page of another website or port, which may call nothing here. "
    "If this is the page itself behind a proxy, start it with --root-path https://HOST/PATH."
)
_FOREIGN_ELSEWHERE = _FOREIGN.replace("nothing here", "only the endpoints of the API")


class CheckOrigin:
    """ASGI middleware that answers 403 to other websites, and sets the CORS headers in place of gradio's.

    A website can let its visitors' browsers send requests to any address that they reach. Where only this machine
    reaches the page (`loopback`), it must be asked for as localhost or a loopback address, or as one of `hosts`: a
    website whose name points to 127.0.0.1 ("DNS rebinding") has another name. Other sites' pages get nothing there,
    nor do those at other ports of this machine, which may show what anybody wrote. Elsewhere they may call the public
    endpoints, also by gradio's clients, which put the number of an event in the queue: only `events` are let through,
    and none of the page's own. They are always without cookies, so never a visitor who is logged in.
    """

    def __init__(self, app: ASGIApp, *, loopback: bool, hosts: Collection[str], events: Collection[int]):
        """`hosts` are the names that proxies and tunnels in front of the page have; it may still grow."""
        self.app, self.loopback, self.hosts, self.events = app, loopback, hosts, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self.loopback and not all(self._is_own(host) for host in _requested(headers)):
            await PlainTextResponse(_WRONG_HOST, status_code=403)(scope, receive, send)
        elif self._is_same_origin(headers):
            await self.app(scope, receive, _with_cors(send, {}))
        elif self.loopback or not _PUBLIC.fullmatch(_path(scope)):
            await self._refuse(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
        elif not _JOIN.fullmatch(_path(scope)):
            await self.app(_without_credentials(scope), receive, _with_cors(send, _TO_ANYONE))
        elif self._is_public(body := await read_body(receive)):
            await self.app(_without_credentials(scope), replayed(body, receive), _with_cors(send, _TO_ANYONE))
        else:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _FOREIGN if self.loopback else _FOREIGN_ELSEWHERE
        await PlainTextResponse(refusal, status_code=403)(scope, receive, send)

    def _is_own(self, host: str) -> bool:
        """Whether a Host or Origin names this machine or a proxy in front of the page."""
        return is_loopback(name := hostname(host)) or name in self.hosts

    def _is_same_origin(self, headers: Headers) -> bool:
        """Whether a request comes from the page itself, from a link, or from a program that is no browser."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is None:  # then it cannot change anything, but its answer could be shown, played or run
            return site not in ("cross-site", "same-site") or headers.get("sec-fetch-mode") == "navigate"
        # A proxy may have put its own name for this machine in the place of Host; the browser knows better.
        return site == "same-origin" or urlsplit(origin).netloc in _requested(headers) or hostname(origin) in self.hosts

    def _is_public(self, body: bytes | None) -> bool:
        """Whether what is to join the queue is one of the public events."""
        try:
            number = json.loads(body or b"")["fn_index"]
        except (ValueError, RecursionError, TypeError, KeyError):
            return False
        return isinstance(number, int) and number in self.events


def _path(scope: Scope) -> str:
    return scope["path"].removeprefix(scope.get("root_path", ""))


def _requested(headers: Headers) -> list[str]:
    """The names, with ports, under which a request asks for the page; gradio builds URLs of both kinds."""
    return headers.getlist("host") + [
        host.strip() for hosts in headers.getlist("x-forwarded-host") for host in hosts.split(",")
    ]


def _without_credentials(scope: Scope) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"cookie", b"authorization")]
    return scope | {"headers": headers}


def _with_cors(send: Send, cors: dict[str, str]) -> Send:
    """`send` with these CORS headers in place of those in a response."""

    async def replace(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", []) if not pair[0].lower().startswith(b"access-control-")]
            message["headers"] = kept + [(name.lower().encode(), value.encode()) for name, value in cors.items()]
        await send(message)

    return replace
