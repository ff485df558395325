"""Static files are read and compressed once, and nothing else is kept."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from tinygpt.ui.middleware.safety_headers import AddSafetyHeaders
from tinygpt.ui.middleware.static_files import KeepStaticFiles


@pytest.fixture
def asked() -> list[str]:
    """The paths of the requests that were passed on."""
    return []


@pytest.fixture
def app(asked) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        asked.append(request.url.path)
        found = "missing" not in request.url.path
        content = f"{request.url.path} {request.headers.get('accept-encoding')}" * 10
        await PlainTextResponse(content, 200 if found else 404)(scope, receive, send)

    return answer


@pytest.fixture
def client(app) -> TestClient:
    return TestClient(AddSafetyHeaders(KeepStaticFiles(app)))


@pytest.mark.parametrize("path", ["/assets/index-1a2b.js", "/static/tinygpt-1/page.js"])
def test_a_file_is_served_once_and_from_memory_from_then_on(client, asked, path: str):
    first, *others = [client.get(path) for _ in range(3)]
    assert asked == [path]
    assert all((each.content, each.headers.raw) == (first.content, first.headers.raw) for each in others)


def test_each_compression_is_kept_by_itself(client, asked):
    for accepted in ("gzip", "br, gzip", "identity", "gzip"):
        assert accepted in client.get("/static/a.js", headers={"Accept-Encoding": accepted}).text
    assert len(asked) == 3


def test_browsers_keep_what_is_named_by_its_content(client):
    assert "immutable" in client.get("/assets/index-1a2b.js").headers["cache-control"]
    assert "cache-control" not in client.get("/static/js/frame.js").headers
    assert "cache-control" not in client.get("/assets/missing.js").headers


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/file=/static/a.js", "/gradio_api/file=/assets/a", "/static/a.js?token=1"]
)
def test_nothing_else_is_kept(client, asked, path: str):
    for _ in range(2):
        client.get(path)
    assert len(asked) == 2


def test_missing_files_parts_of_files_and_questions_whether_one_has_changed_are_passed_on(client, asked):
    client.get("/static/a.js")
    for headers in ({"Range": "bytes=0-3"}, {"If-None-Match": '"1"'}, {"If-Modified-Since": "now"}):
        client.get("/static/a.js", headers=headers)
    client.head("/static/a.js")
    for _ in range(2):
        assert client.get("/static/missing.js").status_code == 404
    assert len(asked) == 7


def test_what_is_kept_is_bounded(app, asked):
    client = TestClient(KeepStaticFiles(app, limit=1000))
    for _ in range(2):
        for number in range(10):
            client.get(f"/static/{number}")
    assert 10 < len(asked) < 20
