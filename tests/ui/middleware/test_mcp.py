"""What assistants may do on a page that is started with --mcp, with the real client of the protocol."""

import asyncio
import importlib
import json
import logging
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests import event_loop
from tests.ci import needed
from tests.documents import examples, output
from tests.server import ROOT
from tests.ui.launched import launched
from tinygpt import open_checkpoint
from tinygpt.inference.continuation import write
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, names
from tinygpt.ui import blocks, serving
from tinygpt.ui.blocks import build
from tinygpt.ui.middleware.endpoint_calls import call_endpoint
from tinygpt.ui.services import session as session_module
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

mcp = needed("mcp")
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.types import CallToolResult  # noqa: E402

from tinygpt.ui.middleware import mcp as mcp_module  # noqa: E402

UNEXPLAINED = "the page could not answer this call: try again, or read its log"

PATH = "/gradio_api/mcp"
SLOW = {"prompt": "O", "length": 5000, "strategy": "beam", "beam_width": 8}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def session(weights) -> Session:
    return Session(weights)


@pytest.fixture(scope="module")
def page(session, tmp_path_factory) -> Iterator[httpx.Client]:
    """A client of a page with all that can be offered: assistants must not get more than the endpoints."""
    registry = Registry(session)
    everything = build(registry, TrainingJobs(registry, tmp_path_factory.mktemp("runs")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_MCP_SERVER", "true")  # which would open gradio's own server beside ours
        with launched(everything, mcp=True) as client:
            yield client


def assisted(page: httpx.Client, use: Callable[[mcp.ClientSession], Awaitable[Any]], **headers: str) -> Any:
    """What comes of `use` of a session with the page, whose requests have these headers."""

    async def run() -> Any:
        async with connected(page, **headers) as session:
            return await use(session)

    return event_loop.run(run())


@asynccontextmanager
async def connected(page: httpx.Client, **headers: str):
    (config,) = examples("docs/api.md", "json", str(page.base_url).rstrip("/"))
    url = json.loads(config)["mcpServers"]["tinygpt"]["url"]
    async with (
        httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        streamable_http_client(url, http_client=http) as (
            reader,
            writer,
            _,
        ),
        mcp.ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        yield session


def call(page: httpx.Client, tool: str, arguments: dict, **options: Any) -> CallToolResult:
    return assisted(page, lambda session: session.call_tool(tool, arguments, **options))


def test_the_endpoints_are_tools_with_the_declared_fields_and_nothing_else_is(page):
    tools = {tool.name: tool for tool in assisted(page, lambda session: session.list_tools()).tools}
    assert list(tools) == ["generate", "probabilities"]
    for tool, request in zip(tools.values(), (GenerationRequest, ProbabilitiesRequest), strict=True):
        assert len(tool.description) > 100
        properties = tool.inputSchema["properties"]
        assert tuple(properties) == names(request)
        for each in fields(request):
            said = properties[each.name]
            assert said["description"] == each.metadata["help"]
            assert said.get("default") == each.default
            low, high = (getattr(each.metadata["bounds"], name, None) for name in ("low", "high"))
            assert said.get("minimum", said.get("minLength", said.get("exclusiveMinimum"))) == low
            assert each.name == "seed" or said.get("maximum", said.get("maxLength")) == high


def test_tools_answer_what_the_library_does(page, session):
    arguments = {"prompt": "ROMÉO:\n", "length": 70, "seed": 7, "top_k": 9}
    *_, last = write(*open_checkpoint(session.folder), GenerationRequest(**arguments))
    (text,) = call(page, "generate", arguments).content
    assert text.text == last.text
    (answer,) = call(page, "probabilities", {"prompt": "ROMEO:\n", "top": 5}).content
    expected = session.probabilities(ProbabilitiesRequest(prompt="ROMEO:\n", top=5))
    assert [(each["character"], each["probability"]) for each in json.loads(answer.text)] == expected


def test_a_long_text_reports_its_progress(page):
    reports = []

    async def note(progress: float, total: float, message: str | None) -> None:
        reports.append((progress, total))

    (text,) = call(page, "generate", {"prompt": "O", "length": 3000}, progress_callback=note).content
    assert len(text.text) == 3000
    assert [total for _, total in reports] == [3000] * len(reports)
    assert reports
    assert reports == sorted(set(reports))


@pytest.mark.parametrize(
    ("tool", "arguments", "problem"),
    [
        ("generate", {"length": 5001}, "length must be a whole number from 1 to 5,000, not 5001"),
        ("generate", {"length": "long"}, "length must be a whole number from 1 to 5,000, not 'long'"),
        ("generate", {"prompt": "x" * 10_001}, "prompt must be a text of at most 10,000 characters, not 10,001"),
        ("generate", {"stop": "☃"}, "stop must be a text that the model can write: it does not know ☃"),
        ("generate", {"loudness": 11}, "there is no setting 'loudness'"),
        ("probabilities", {"top": 0}, "top must be a whole number of at least 1, not 0"),
        ("probabilities", {"top_k": 1000}, "top_k must be at most {vocabulary}, the vocabulary, not 1000"),
        ("train", {}, "there is no tool 'train', only generate and probabilities"),
        ("write", {"prompt": "O"}, "there is no tool 'write', only generate and probabilities"),
    ],
    ids=str,
)
def test_what_is_refused_is_a_tool_error_that_says_what_is_wrong(page, session, tool, arguments, problem):
    result = call(page, tool, arguments)
    assert result.isError
    assert [each.text for each in result.content] == [problem.format(vocabulary=session.tokenizer.vocab_size)]


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


def test_a_call_that_fails_is_a_tool_error_without_the_fault(page, session, monkeypatch):
    monkeypatch.setattr(session, "write", lambda *_: 1 / 0)
    result = call(page, "generate", {"prompt": "O"})
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
        asyncio.run(call_endpoint(answer, {"type": "http", "headers": []}, "/call", [], print))


def logged_in(page: httpx.Client) -> str:
    """The cookies of a login, as the documented command prints them."""
    (command,) = (each for each in examples("docs/api.md", "bash", str(page.base_url)) if "/login" in each)
    return output("bash", "-c", command, cwd=ROOT)


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("curl"), reason="the login is a line for a shell")
def test_with_a_password_below_a_path_the_cookie_of_a_login_opens_it_and_nothing_else_does(session):
    with launched(build(Registry(session)), mcp=True, auth=("user", "password"), root_path="/plays") as page:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Cookie": "access-token=x"}):
            answer = page.post(PATH, json=INITIALIZE, headers=ACCEPT | headers)
            assert answer.status_code == 401
            assert "log in" in answer.text
        cookie = "; ".join(re.findall("(?i)^set-cookie: (.*?);", logged_in(page), flags=re.MULTILINE))
        for path in ("", "/plays"):  # a proxy may drop the path, or keep it
            with httpx.Client(base_url=page.base_url.join(path)) as proxy:
                arguments = {"prompt": "O", "length": 7}
                result = assisted(proxy, lambda each: each.call_tool("generate", arguments), Cookie=cookie)  # noqa: B023
            assert not result.isError
            assert len(result.content[0].text) == 7


def test_other_websites_reach_no_tool(page):
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Host": "evil.example"},
    ):
        for method in ("POST", "OPTIONS", "GET"):
            answer = page.request(method, PATH, headers=ACCEPT | headers)
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_session_is_kept_and_nothing_but_the_endpoint_is_there(page):
    answer = page.post(PATH, json=INITIALIZE, headers=ACCEPT)
    assert answer.status_code == 200
    assert "mcp-session-id" not in answer.headers
    for method in ("GET", "DELETE", "PUT"):
        assert page.request(method, PATH, headers=ACCEPT).status_code == 405
    for path in (f"{PATH}/sse", f"{PATH}/schema", f"{PATH}/messages/", f"{PATH}/%3Cscript%3E{PATH}"):
        assert page.get(path).status_code == 404
    assert not page.get("/config").json()["mcp_server"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=9)
junk = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


def test_malformed_messages_are_refused_without_a_traceback(page, capsys, caplog):
    likely = {
        "jsonrpc": st.just("2.0"),
        "id": st.integers() | st.text(st.characters(codec=None), max_size=3),
        "method": st.sampled_from(
            ["tools/call", "tools/list", "initialize", "ping", "prompts/get", "logging/setLevel"]
        ),
        "params": st.fixed_dictionaries(
            {}, optional={"name": st.just("generate") | junk, "arguments": st.just({"length": 3}) | junk, "_meta": junk}
        ),
    }

    @settings(max_examples=25, phases=[Phase.generate])
    @given(junk | st.fixed_dictionaries({}, optional=likely) | st.fixed_dictionaries(likely | {"params": junk}))
    def hostile(message: Any) -> None:
        answer = page.post(PATH, content=json.dumps(message), headers=ACCEPT | {"Content-Type": "application/json"})
        assert answer.status_code < 500
        assert "Traceback" not in answer.text
        assert str(ROOT) not in answer.text

    with caplog.at_level(logging.WARNING):
        hostile()
        for body in (b"[" * 100_000, b"\xff\xfe", b"", b"{", b'{"id":' + b"[" * 900 + b"]" * 900 + b"}"):
            answer = page.post(PATH, content=body, headers=ACCEPT | {"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500
    log = "".join([*capsys.readouterr(), caplog.text])
    assert "Traceback" not in log
    assert len(log) < 5_000


def test_only_a_page_that_serves_assistants_changes_how_the_library_logs(monkeypatch):
    logger = logging.getLogger("mcp")
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    importlib.reload(mcp_module)
    assert logger.level == logging.NOTSET
    mcp_module.ServeMCP(Response(), endpoints={})
    assert logger.level == logging.ERROR


def test_half_a_character_in_a_prompt_is_left_out_as_everywhere(page):
    arguments = {"prompt": "O\ud800", "length": 9, "seed": 1}
    asked = INITIALIZE | {"method": "tools/call", "params": {"name": "generate", "arguments": arguments}}
    answer = page.post(PATH, content=json.dumps(asked), headers=ACCEPT | {"Content-Type": "application/json"})
    (text,) = call(page, "generate", arguments | {"prompt": "O"}).content
    assert json.dumps(text.text) in answer.text


def test_a_message_longer_than_any_request_is_refused_before_it_is_read(page):
    answer = page.post(PATH, content=b"x" * 300_000, headers=ACCEPT)
    assert answer.status_code == 413
    longest = {"prompt": "\U0001f600" * 10_000, "length": 1}
    assert not call(page, "generate", longest).isError
