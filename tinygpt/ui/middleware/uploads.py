"""ASGI middleware that bounds what uploads take of the disk in all."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_AGE = 3600.0  # seconds after which an upload makes room for others
_UPLOAD = re.compile(r"/gradio_api/upload(?P<progress>_progress)?/?$")
_BLOCK = 4096  # bytes that even the smallest file takes


class LimitUploads:
    """ASGI middleware that answers 413 to an upload for which `folder` has no room: it holds at most `limit` bytes.

    Files older than an hour are deleted when their room is needed, also those that an upload cut short left behind,
    of which gradio does not know. With a limit of 0, nothing is uploaded at all.
    """

    def __init__(self, app: ASGIApp, *, folder: Path, limit: int):
        self.app, self.folder, self.limit = app, folder, limit
        self._arriving = 0  # bytes of the uploads under way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        upload = _UPLOAD.search(scope["path"]) if scope["type"] == "http" else None
        if upload and not self.limit:
            await _refuse(PlainTextResponse("This page takes no files.", 413), scope, receive, send)
        elif upload and not upload["progress"]:
            await self._count(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on if there is room for it."""
        length = Headers(scope=scope).get("content-length", "")
        if not length.isdecimal():
            await PlainTextResponse("An upload must tell its length.", status_code=411)(scope, receive, send)
            return
        size = max(int(length), _BLOCK)
        self._arriving += size  # before anything is awaited, so that simultaneous uploads count each other
        try:
            if await run_sync(self._has_room):
                with suppress(ClientDisconnect):  # nobody is there to be answered
                    await self.app(scope, receive, send)
            else:
                refusal = PlainTextResponse("There is no room for more files now: try again in an hour.", 413)
                await _refuse(refusal, scope, receive, send)
        finally:
            self._arriving -= size

    def _has_room(self) -> bool:
        """Whether there is room for the uploads under way, if need be without the files that are old."""
        if self._arriving > self.limit:
            return False
        if self._arriving + self._stored() > self.limit:
            self._prune()
        return self._arriving + self._stored() <= self.limit

    def _stored(self) -> int:
        """The bytes that the files in the folder take."""
        return sum(max(status.st_size, _BLOCK) for _, status in self._files())

    def _prune(self) -> None:
        """Delete the files that are older than MAX_AGE."""
        for path, status in self._files():
            if time.time() - status.st_mtime > MAX_AGE:
                with suppress(OSError):  # on Windows, files that are open cannot be deleted
                    path.unlink()

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # gradio moves and deletes files meanwhile
                if path.is_file():
                    yield path, path.stat()


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, but first read what is sent if it tells its length.

    Clients look at an answer when they have sent all, and the server might close the connection before.
    """
    more = "content-length" in Headers(scope=scope)
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
    await response(scope, receive, send)
