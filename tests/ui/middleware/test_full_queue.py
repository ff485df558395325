"""While the queue is full, requests that would join it are turned away before gradio sees them, and no others."""

import asyncio
import json

import pytest

from tests import event_loop
from tinygpt.ui.middleware.full_queue import RefuseWhenFull

PASSED_ON = "passed on"


async def nothing() -> dict:
    """An empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


def answer(path: str, *, requests: int, method: str = "POST", type: str = "http") -> str | tuple[int, dict]:
    """PASSED_ON, or status and answer of a request while there are so many others, of at most two."""
    sent = []

    async def app(scope, receive, send):
        sent.append(PASSED_ON)

    async def send(message):
        sent.append(message)

    scope = {"type": type, "method": method, "path": path, "headers": []}
    event_loop.run(RefuseWhenFull(app, count=lambda: requests, limit=2)(scope, nothing, send))
    return sent[0] if len(sent) == 1 else (sent[0]["status"], json.loads(sent[1]["body"]))


@pytest.mark.parametrize("path", ["queue/join", "queue/join/", "call/generate", "call/v2/generate", "call/write/"])
def test_what_would_join_a_full_queue_is_refused_and_told_what_to_do(path):
    refusal = (503, {"detail": "The queue is full: try again in a few seconds."})
    assert [answer(f"/gradio_api/{path}", requests=n) for n in range(4)] == [PASSED_ON, PASSED_ON, refusal, refusal]


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/", {"method": "GET"}),
        ("/gradio_api/queue/data", {"method": "GET"}),
        ("/gradio_api/call/generate/5", {"method": "GET"}),  # what came of a request that had room
        ("/gradio_api/run/predict", {}),
        ("/gradio_api/cancel", {}),
        ("/gradio_api/queue/join", {"type": "websocket"}),
        ("", {"type": "lifespan"}),
    ],
)
def test_everything_else_is_passed_on(path, options):
    assert answer(path, requests=5, **options) == PASSED_ON


def test_of_many_at_once_only_as_many_are_passed_on_as_there_is_room_for():
    passed_on, statuses = [], []

    async def app(scope, receive, send):
        passed_on.append(scope)
        await asyncio.sleep(0)  # gradio awaits several things before the queue has the request

    async def send(message):
        statuses.append(message.get("status"))

    async def everybody():
        middleware = RefuseWhenFull(app, count=lambda: 1, limit=4)
        scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join", "headers": []}
        for _ in range(2):  # what was passed on makes room again
            await asyncio.gather(*(middleware(scope, nothing, send) for _ in range(10)))

    event_loop.run(everybody())
    assert len(passed_on) == 6
    assert statuses.count(503) == 14


def test_whoever_never_sends_the_body_of_a_request_takes_no_place():
    bodies = []

    async def app(scope, receive, send):
        bodies.append([await receive(), await receive()])

    async def parts():
        for part in ({"body": b"a", "more_body": True}, {"body": b"b", "more_body": False}):
            yield {"type": "http.request"} | part

    async def everybody():
        middleware = RefuseWhenFull(app, count=lambda: 0, limit=1)
        scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join", "headers": []}
        silent = [asyncio.create_task(middleware(scope, asyncio.Event().wait, None)) for _ in range(3)]
        await asyncio.sleep(0)  # they have begun
        await middleware(scope, parts().__anext__, None)
        for task in silent:
            task.cancel()

    event_loop.run(everybody())
    assert [[part["body"] for part in body] for body in bodies] == [[b"a", b"b"]]
