"""Calls of the endpoints by assistants: they wait in the same queue as visitors, and end as theirs do."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests import event_loop
from tests.ui.launched import launched
from tests.ui.middleware.assistant import CallToolResult, call, connected
from tinygpt.ui import blocks, serving
from tinygpt.ui.blocks import build
from tinygpt.ui.middleware.endpoint_calls import call_endpoint
from tinygpt.ui.services import session as session_module
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session

UNEXPLAINED = "the page could not answer this call: try again, or read its log"
SLOW = {"prompt": "O", "length": 5000, "strategy": "beam", "beam_width": 8}


@pytest.fixture(scope="module")
def session(weights) -> Session:
    return Session(weights)


@pytest.fixture
def narrow(session, monkeypatch) -> Iterator[httpx.Client]:
    """A page that writes one text at a time, while no other may wait."""
    monkeypatch.setattr(blocks, "MAX_CONCURRENT_TEXTS", 1)
    monkeypatch.setattr(serving, "MAX_REQUESTS", 1)
    with launched(build(Registry(session)), mcp=True) as client:
        yield client


def test_assistants_wait_in_the_same_queue_and_one_that_leaves_ends_its_text(narrow, session, monkeypatch):
    monkeypatch.setattr(session_module, "DEADLINE", float("inf"))
    written, write = [], session.write

    def recorded(*arguments: Any) -> Iterator:
        for continuation in write(*arguments):
            written.append(continuation.text)
            yield continuation

    monkeypatch.setattr(session, "write", recorded)

    async def leave() -> CallToolResult:
        begun = asyncio.Event()

        async def note(*_: Any) -> None:
            begun.set()

        async with connected(narrow) as leaves, connected(narrow) as refused:
            text = asyncio.create_task(leaves.call_tool("generate", SLOW, progress_callback=note))
            await begun.wait()
            refusal = await refused.call_tool("generate", {"prompt": "O"})
            text.cancel()
        return refusal

    refusal = event_loop.run(leave())
    assert refusal.isError
    assert "The queue is full" in refusal.content[0].text
    while session._texts_being_written:
        narrow.get("/config")
    assert 0 < len(written[-1]) < SLOW["length"]
    written.clear()
    while (answer := call(narrow, "generate", {"prompt": "O", "length": 20})).isError:
        assert "The queue is full" in answer.content[0].text  # for the moment that gradio takes to note the end
    assert len(written[-1]) == 20


def test_an_assistant_that_leaves_before_its_text_begins_ends_it_too(narrow, session, monkeypatch):
    monkeypatch.setattr(session_module, "DEADLINE", float("inf"))
    lengths, write = [0], session.write

    def recorded(*arguments: Any) -> Iterator:
        for continuation in write(*arguments):
            lengths.append(len(continuation.text))
            yield continuation

    async def left(app: ASGIApp, *arguments: Any) -> None:
        with anyio.CancelScope() as call:

            async def joined(scope: Scope, receive: Receive, send: Send) -> None:
                await app(scope, receive, send)
                call.cancel()  # after the first of the two requests

            await call_endpoint(joined, *arguments)
        raise ValueError("left")

    monkeypatch.setattr(session, "write", recorded)
    with monkeypatch.context() as patch:
        patch.setattr("tinygpt.ui.middleware.mcp.call_endpoint", left)
        assert call(narrow, "generate", SLOW).content[0].text == "left"
    while call(narrow, "generate", {"prompt": "O", "length": 20}).isError:
        pass  # the text still occupies the queue
    assert max(lengths) < SLOW["length"]


def test_a_call_that_fails_is_a_tool_error_without_the_fault(narrow, session, monkeypatch):
    monkeypatch.setattr(session, "write", lambda *_: 1 / 0)
    result = call(narrow, "generate", {"prompt": "O"})
    assert result.isError
    assert result.content[0].text == UNEXPLAINED


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("Bad Gateway", 502),
        PlainTextResponse("OK"),
        JSONResponse({}),
        JSONResponse({"error": "x"}, 500),
        JSONResponse([1], 500),
        JSONResponse({"detail": None}, 422),
        JSONResponse({"detail": [{"msg": "x"}, 1]}, 422),
        JSONResponse({"detail": []}, 422),
    ],
    ids=lambda answer: f"{answer.status_code}-{answer.body.decode()}",
)
def test_an_answer_that_gives_no_reason_becomes_one_sentence(answer: Response):
    with pytest.raises(ValueError, match=re.escape(UNEXPLAINED)):
        event_loop.run(call_endpoint(answer, {"type": "http", "headers": []}, "/call", [], print))
