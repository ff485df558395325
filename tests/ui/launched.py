"""Serve a page from this process: faster than starting app.py, and the tests can look into the page."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from tests.server import free_port
from tinygpt.page.preview import Preview
from tinygpt.ui.serving import serve


@contextmanager
def launched(page: gr.Blocks, **options: Any) -> Iterator[httpx.Client]:
    """Serve a page as app.py does, and yield a client of it that follows no links and has no cookies.

    Options are those of `serve`; files can be uploaded with `max_uploads`, into the folder `uploads`.
    """
    default = {"preview": Preview({}), "host": "127.0.0.1", "root_path": "", "share": False, "auth": None}
    options = default | {"uploads": Path("none"), "max_uploads": 0} | options
    port, host = free_port(), options["host"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(options["uploads"].absolute()))
        serve(page, port=port, **options)
    url = f"http://{f'[{host}]' if ':' in host else host.replace('0.0.0.0', '127.0.0.1')}:{port}"
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            yield client
    finally:
        page.close(verbose=False)


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
