"""A local server of texts whose paths fail in different ways: it stalls, cuts, and lies about lengths and contents."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

BODY = b"A text to be downloaded, quite whole.\n" * 5
SHA256 = hashlib.sha256(BODY).hexdigest()
PAGE = b"<!-- a comment -->\n<!DOCTYPE html>\n<html><body><p>Please log in.</p></body></html>\n"
BODIES = {  # by path: what is no text to learn from, whatever the server says it is, and what only looks so
    "/page": ("text/html; charset=utf-8", PAGE),
    "/page-as-text": ("text/plain", b"\xef\xbb\xbf \n" + PAGE),
    "/xhtml": ("application/octet-stream", b'<?xml version="1.0"?>\n' + PAGE),
    "/part-of-a-page": ("text/html", b"<div>Please log in.</div>" * 9),
    "/comments": ("text/plain", b"<!-- one --> " * 5000 + b"<text>"),
    "/empty": ("text/plain", b""),
    "/blank": ("text/plain", b" \r\n" * 9),
    "/one-character": ("text/plain", b"z" * 99),
    "/picture": ("text/plain", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    "/archive": ("application/gzip", gzip.compress(BODY)),
    "/latin": ("text/plain; charset=iso-8859-1", "Élan vital.\n".encode("latin-1") * 9),
    "/cut-in-a-character": ("text/plain", "Naïve café, été.\n".encode()[:-3]),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(self.path)
        self.close_connection = True
        path = self.path.split("?")[0]
        match path:
            case "/missing":
                self.send_error(404)
            case "/not-http":
                self.wfile.write(b"this is not HTTP\r\n\r\n")
            case "/silent":
                self.server.over.wait()
            case "/cut-chunk":
                self.answer(("Transfer-Encoding", "chunked"), b"64\r\nonly this much")
            case "/cut":
                self.answer(("Content-Length", "1000"), BODY)
            case "/stalled":
                self.answer(("Content-Length", "1000"), BODY)
                self.server.over.wait()
            case "/drip":  # a byte now and then, in a header that never ends
                while not self.server.over.wait(0.05):
                    self.wfile.write(b"X")
            case "/no-length":
                self.answer(("X-Length", "unknown"), BODY)
            case "/length":  # as the query says it
                lengths = unquote_plus(self.path.partition("?")[2])
                self.answer(("Content-Length", lengths), BODY)
            case "/partial":
                self.answer(("Content-Length", str(len(BODY))), BODY, status=206)
            case "/no-content":
                self.answer(("Content-Length", "0"), b"", status=204)
            case "/redirect":
                self.answer(("Location", "/page"), b"", status=302)
            case "/redirect-file":
                self.answer(("Location", "file:///etc/hosts"), b"", status=302)
            case "/redirect-nowhere":
                self.answer(("Location", "http://[half/"), b"", status=302)
            case "/loop":
                self.answer(("Location", "/loop"), b"", status=302)
            case "/gzip":
                self.answer(("Content-Encoding", "gzip"), gzip.compress(BODY))
            case "/cut-gzip":
                self.answer(("Content-Encoding", "gzip"), gzip.compress(BODY)[:-12])
            case "/not-gzip":
                self.answer(("Content-Encoding", "gzip"), BODY)
            case "/bomb":
                self.answer(("Content-Encoding", "gzip"), gzip.compress(bytes(3_000_000)))
            case "/brotli":
                self.answer(("Content-Encoding", "br"), BODY)
            case path if path in BODIES:
                media_type, body = BODIES[path]
                self.answer(("Content-Type", media_type), body)
            case _:
                self.answer(("Content-Length", str(len(BODY))), BODY)

    def answer(self, header, body, status=200):
        self.send_response(status)
        self.send_header(*header)
        if header[0] in ("Content-Type", "Content-Encoding", "Location"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Serves until the end of the `with` block. `requests` are the paths that were requested."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()
