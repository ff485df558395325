"""Serve a page from this process: faster than starting app.py, and the tests can look into the page."""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import gradio as gr
import httpx
import pytest

from tests.server import free_port
from tinygpt.ui import launch


@contextmanager
def launched(page: gr.Blocks, auth: tuple[str, str] | None = None) -> Iterator[httpx.Client]:
    """Listen as app.py does, and yield a client of the page that follows no links and has no cookies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["app.py", "--port", str(free_port())])
        launch._launch(page, launch.parse_args(), auth, max_upload=10_000)
    try:
        with httpx.Client(base_url=page.local_url, timeout=60) as client:
            yield client
    finally:
        page.close()


def post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    """Post any value as JSON, also one that JSON has no form for but Python's reader takes: NaN, half a character."""
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def raw_get(client: httpx.Client, target: str) -> tuple[int, str]:
    """The status and body for a target that is sent exactly as it is, which most clients would not do."""
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=60)
    with closing(connection):
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def events(client: httpx.Client, path: str) -> list[str]:
    """The data of a stream of server-sent events, which ends by itself."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]


def text_of(client: httpx.Client, arguments: list) -> str:
    """What /generate writes for these arguments."""
    joined = post(client, "/gradio_api/call/generate", {"data": arguments})
    assert joined.status_code == 200, joined.text
    return json.loads(events(client, f"/gradio_api/call/generate/{joined.json()['event_id']}")[-1])[0]
