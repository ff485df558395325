"""The page's password: what is closed without it, and how guessing it is slowed down."""

import asyncio
import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What the login page needs; everything else is closed.
_OPEN = {"", "/", "/favicon.ico", "/manifest.json", "/robots.txt", "/theme.css"}
_OPEN_FOLDERS = ("/assets/", "/static/")
_LOGIN = {"/login", "/login/"}
_STARTUP = "/gradio_api/startup-events"  # gradio asks itself for it once, before it listens to anybody else
_MAX_LOGIN_BYTES = 10_000
_MAX_CLIENTS = 10_000
_MAX_DELAY = 30.0  # seconds


def credentials_check(user: str, password: str) -> Callable[[str, str], Awaitable[bool]]:
    """A function that tells whether a user and a password are these, always in the same time."""
    expected = _digest(user, password)

    async def check(user: str, password: str) -> bool:
        return hmac.compare_digest(_digest(user, password), expected)

    return check


class RequireLogin:
    """ASGI middleware for a gradio app with a password: without a login, only the login page is answered.

    gradio itself asks for the login on some of its routes only. Each wrong login in a row doubles the time until the
    same client's next one is looked at. An app without a password stays open.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self._failures: OrderedDict[str, int] = OrderedDict()  # logins in a row that failed, by client
        self._delayed: set[str] = set()  # clients whose login is waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] == "lifespan" or scope["app"].auth is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST" and path in _LOGIN:
            await self._log_in(scope, receive, send)
        elif _is_open(scope, path) or _is_logged_in(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await _refuse("Not authenticated: log in at the page first.", 401)(scope, receive, send)

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a login after the client's delay; one at a time, so that many at once gain nothing."""
        if int(HTTPConnection(scope).headers.get("content-length", _MAX_LOGIN_BYTES + 1)) > _MAX_LOGIN_BYTES:
            await _refuse("A login must be short, and say its length.", 413)(scope, receive, send)
            return
        client = _network(scope["client"])
        seconds = delay(self._failures.get(client, 0))
        if client in self._delayed:
            refusal = _refuse("Too many logins at once: wait for the answer to the last one.", 429)
            refusal.headers["Retry-After"] = f"{seconds:.0f}"
            await refusal(scope, receive, send)
            return
        self._count_failure(client)  # until it is known to be right, so that others that come meanwhile wait, too
        self._delayed.add(client)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._delayed.remove(client)

        async def forgive(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._failures.pop(client, None)
                message["headers"] = [(name, _for_frames(name, value)) for name, value in message["headers"]]
            await send(message)

        await self.app(scope, receive, forgive)

    def _count_failure(self, client: str) -> None:
        self._failures[client] = self._failures.pop(client, 0) + 1
        while len(self._failures) > _MAX_CLIENTS:
            self._failures.popitem(last=False)  # the one whose last login is the longest ago


def delay(failures: int) -> float:
    """The seconds until a login is looked at, after so many failures in a row."""
    return min(_MAX_DELAY, 0.25 * 2 ** min(failures - 1, 10)) if failures else 0.0


def _is_open(scope: Scope, path: str) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    if path == _STARTUP:
        return not scope["app"].startup_events_triggered
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _is_logged_in(scope: Scope) -> bool:
    """Whether a request carries one of the cookies that gradio gives at a login."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    return any(cookies.get(f"access-token-{kind}{app.cookie_id}") in app.tokens for kind in ("", "unsecure-"))


def _for_frames(name: bytes, value: bytes) -> bytes:
    """The value of a response's header, where a cookie for frames in other sites' pages is partitioned.

    Browsers that block such cookies keep it then, for the site around the frame alone. Otherwise the page in a frame,
    as Hugging Face shows Spaces, would ask for the password forever.
    """
    in_frames = name.lower() == b"set-cookie" and b"samesite=none" in value.lower()
    return value + b"; Partitioned" if in_frames else value


def _network(client: tuple[str, int] | None) -> str:
    """The address of a client, as far as one visitor has only one: of IPv6 its first 64 bits."""
    try:
        address = ipaddress.ip_address(client[0])
    except (TypeError, ValueError):  # a Unix socket, or a name from a proxy
        return ""
    if address.version == 4 or address.ipv4_mapped:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _digest(user: str, password: str) -> bytes:
    return b"".join(sha256(part.encode(errors="surrogatepass")).digest() for part in (user.strip(), password))


def _refuse(reason: str, status: int) -> JSONResponse:
    return JSONResponse({"detail": reason}, status)
