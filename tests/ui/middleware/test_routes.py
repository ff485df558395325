"""The page serves no file of another host, however it is asked for, nor what it does not use."""

import http.client
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

from tests.http_server import QuietHandler, answering
from tests.server import ROOT
from tinygpt.ui.middleware.routes import names_a_remote_file


@pytest.fixture
def other_host() -> Iterator[tuple[str, list[str]]]:
    """The URL of a host that answers every request with a script, and the paths that were requested."""
    requested: list[str] = []

    class Script(QuietHandler):
        def do_GET(self):
            requested.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<script>alert(localStorage)</script>")

    with answering(Script) as port:
        yield f"http://127.0.0.1:{port}/x.png", requested


def fetch(address: str, target: str, method: str = "GET") -> tuple[int, bytes]:
    """The status and body for a path that is sent exactly as it is, which most clients would not do."""
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
def test_files_of_other_hosts_are_refused(address: str, other_host, route: str, spell):
    url, requested = other_host
    for method in ("GET", "HEAD"):
        status, body = fetch(address, route + spell(url), method)
        assert status == 403
        assert b"script" not in body
    assert requested == []


def test_the_pages_own_files_are_served(address: str):
    assert fetch(address, "/")[0] == 200
    assert fetch(address, "/gradio_api/info")[0] == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/file=/tmp/gradio/ab/a.txt", "/gradio_api/file=C:/Temp/gradio/a.txt", "/"]
)
def test_paths_of_this_machine_are_allowed(path: str):
    assert not names_a_remote_file(path)


@pytest.mark.parametrize("prefix", ["", "/tinygpt", "/a/b"])
def test_a_page_below_another_path_refuses_too(prefix: str):
    name = "http://host/x"
    for _ in range(9):  # however often it is encoded
        assert names_a_remote_file(f"{prefix}/gradio_api/file={name}")
        name = quote(name, safe="")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/process_recording",
        "/gradio_api/component_server",
        "/gradio_api/component_server/",
        "/gradio_api/custom_component/x/client/component/index.js",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/dev/reload",
        "/gradio_api/mcp",
        "/gradio_api/mcp/sse",
        "/gradio_api/stream/x/close",
        "/gradio_api/vibe-edit",
        "/gradio_api/vibe-starter-queries/",
        "/gradio_api/token",
        "/monitoring",
        "/monitoring/summary",
    ],
)
def test_what_the_page_does_not_use_is_not_there(address: str, path: str):
    for spelled in (path, path.replace("_", "%5f").replace("e", "%65")):
        for method in ("GET", "POST"):
            assert fetch(address, spelled, method) == (404, b"Not Found")


def test_no_file_of_this_machine_is_served_and_none_is_told_to_exist(address: str):
    there, absent = (fetch(address, f"/gradio_api/file={path}") for path in ("/etc/passwd", "/etc/passwe"))
    assert there[0] == absent[0] == 403
    assert there[1].replace(b"passwd", b"") == absent[1].replace(b"passwe", b"")
    own = (ROOT / "app.py", ROOT / "weights" / "config.json", ROOT, "app.py", "../app.py", "~/.bashrc")
    for path in (*own, "/proc/self/environ", "%2e%2e/app.py"):
        assert fetch(address, f"/gradio_api/file={path}")[0] == 403
