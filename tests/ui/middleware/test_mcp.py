"""What assistants may do on a page that is started with --mcp, with the real client of the protocol."""

import importlib
import json
import logging
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from starlette.responses import Response

from tests.ci import needed
from tests.documents import examples, output
from tests.server import ROOT
from tests.ui.launched import launched
from tinygpt import open_checkpoint
from tinygpt.inference.continuation import write
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, names
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

needed("mcp")
from tests.ui.middleware.assistant import assisted, call  # noqa: E402
from tinygpt.ui.middleware import mcp as mcp_module  # noqa: E402

PATH = "/gradio_api/mcp"
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
