"""No file of another host comes through the page, however it is asked for."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

import pytest
from server import serving

from tinygpt.ui.middleware import names_a_remote_file


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A host whose every answer is a script, and the paths that it was asked for."""
    asked: list[str] = []

    class Script(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<script>alert(localStorage)</script>")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Script) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/x.png", asked
        server.shutdown()


def answered(address: str, target: str, method: str = "GET") -> tuple[int, bytes]:
    """What the page answers to a path that is sent as it stands, without a client that tidies it up."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request(method, target)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: url,
        lambda url: url.replace("http", "HTTP"),
        lambda url: quote(url, safe=""),
        lambda url: quote(quote(url, safe=""), safe=""),
        lambda url: "".join(f"%{ord(character):02x}" for character in url),
        lambda url: "%20" + url,
        lambda url: "%09" + url,
        lambda url: url.removeprefix("http:"),
        lambda url: url.removeprefix("http:").replace("/", "%5c"),
        lambda url: url.replace("http://", "http:"),
        lambda url: url.replace("http:", "ftp:"),
        lambda url: url.replace("http://127.0.0.1", "https://100.64.0.1"),
        lambda url: "data:text/html,<script>alert(1)</script>".replace("<", "%3c"),
    ],
)
@pytest.mark.parametrize("route", ["/gradio_api/file=", "/gradio_api/proxy="])
def test_what_lies_on_another_host_is_refused(address: str, elsewhere, route: str, spell):
    url, asked = elsewhere
    for method in ("GET", "HEAD"):
        status, body = answered(address, route + spell(url), method)
        assert status == 403
        assert b"script" not in body
    assert asked == []


def test_the_pages_own_parts_are_still_served(address: str):
    assert answered(address, "/")[0] == 200
    assert answered(address, "/gradio_api/info")[0] == 200
    assert answered(address, "/gradio_api/file=/etc/passwd")[0] == 403  # by gradio: not one of its files


@pytest.mark.parametrize("path", ["/gradio_api/file=/tmp/gradio/ab/a.txt", "/gradio_api/file=C:/Temp/gradio/a.txt", "/"])
def test_paths_on_this_machine_pass(path: str):
    assert not names_a_remote_file(path)


@pytest.mark.parametrize("prefix", ["", "/tinygpt", "/a/b"])
def test_a_page_under_a_path_of_its_own_refuses_as_well(prefix: str):
    assert names_a_remote_file(f"{prefix}/gradio_api/file=http://host/x")
