"""A reverse proxy as nginx is one: it serves another server below a path of its own."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.http_server import QuietHandler, answering

_HOP_BY_HOP = ("connection", "transfer-encoding", "content-length")


@contextmanager
def proxied(prefix: str, address: str, *, strip: bool, **headers: str) -> Iterator[str]:
    """Yield the URL at which a proxy serves the server at `address` below `prefix`.

    The path loses the prefix on its way if `strip` is set. These headers are sent in place of the visitor's.
    """

    class Handler(QuietHandler):
        def forward(self):
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            path = self.path.removeprefix(prefix) if strip else self.path
            connection.request(self.command, path, body, dict(self.headers) | headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the visitor may have left
                while chunk := answer.read1(65536):  # as soon as it comes
                    self.wfile.write(chunk)
            connection.close()

        do_GET = do_POST = do_HEAD = do_OPTIONS = forward

    with answering(Handler) as port:
        yield f"http://127.0.0.1:{port}{prefix}"
