"""Whatever is sent to the page, it answers with a valid text or a refusal; nothing of the machine, and no traceback."""

import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.block_function import BlockFunction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests import event_loop
from tests.server import ROOT
from tests.ui.launched import events, launched, post, text_of
from tinygpt import open_checkpoint
from tinygpt.fields import FieldError
from tinygpt.inference.continuation import write
from tinygpt.request import GenerationRequest, default, names
from tinygpt.ui.blocks import build
from tinygpt.ui.malformed import CheckedBlocks, RefuseMalformed
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink
from tinygpt.ui.services.training_jobs import TrainingJobs

FILE = {"path": "/etc/hosts", "url": "http://127.0.0.1:9/x", "meta": {"_type": "gradio.FileData"}}
# Of this machine: a visitor must see none of them. The temporary folder also has the uploads.
PATHS = [str(ROOT), sys.prefix, str(Path(gr.__file__).parent), tempfile.gettempdir()]

PHASES = [Phase.generate]  # a wrong answer fails at once: to shrink its request would take minutes
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-3, 70) | st.floats() | st.text() | st.just("x" * 30_000)
)
junk = st.recursive(
    scalars | st.just(FILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def page(weights, tmp_path_factory) -> gr.Blocks:
    registry = Registry(Session(weights))
    return build(registry, TrainingJobs(registry, tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def client(page: gr.Blocks) -> Iterator[httpx.Client]:
    with launched(page) as client:
        yield client


@pytest.fixture
def assert_log_is_clean(capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture) -> Callable[[], None]:
    """assert_log_is_clean() checks what the server printed and logged since the test began."""

    def check() -> None:
        log = "".join([*capsys.readouterr(), caplog.text])
        assert "Traceback" not in log
        assert not [path for path in PATHS if path in log], log
        assert all(len(line) < 400 for line in log.splitlines())

    return check


def assert_clean(body: str) -> None:
    assert "Traceback" not in body
    assert not [path for path in PATHS if path in body], body


def usual(component: gr.blocks.Block) -> st.SearchStrategy:
    """Values that a control may really have."""
    match component:
        case gr.Radio():
            return st.sampled_from([value for _, value in component.choices])
        case gr.Slider():
            high = min(60, component.maximum)
            return st.integers(math.ceil(component.minimum), int(high)) | st.floats(component.minimum, high)
        case gr.Textbox():
            return st.text(max_size=60) | st.sampled_from(["", "7", "0.5, 1", "The river"])
        case _:
            return st.none()


def inputs(function: BlockFunction) -> st.SearchStrategy[list]:
    """The values that an event gets, some of them not of its controls, or too few or too many."""
    right = st.tuples(*(usual(component) for component in function.inputs)).map(list)
    wrong = st.tuples(*(st.one_of(usual(component), junk) for component in function.inputs)).map(list)
    return right | wrong | st.lists(junk, max_size=4)


forms = st.fixed_dictionaries({name: st.just(default(name)) | junk for name in names()})
sides = st.dictionaries(st.sampled_from(["temperature", "top_k", "strategy", "weights", "seed"]), junk, max_size=3)
event_data = junk | st.fixed_dictionaries(
    {},
    optional={name: st.integers(-2, 60) | junk for name in ("call", "position", "index", "step", "layer", "head")}
    | {name: st.text(max_size=9) | junk for name in ("text", "prompt", "seed")}
    | {
        "request": forms | junk,
        "link": st.sampled_from(["#", "{}", "#seed=1&weights_sha256=" + "0" * 12]) | junk,
        "temperatures": st.sampled_from(["0", "0, 1", "x"]) | junk,
        "left": sides | junk,
        "right": sides | junk,
    },
)


def send(client: httpx.Client, visitor: str, number: int, function: BlockFunction, values: list, data: Any) -> None:
    """Send an event of the page, and check that it is answered or refused."""
    body = {"fn_index": number, "session_hash": visitor, "data": values, "event_data": data}
    body["trigger_id"] = function.targets[0][0] if function.targets else None
    if not function.queue:
        answer = post(client, "/gradio_api/run/predict", body)
        assert_clean(answer.text)
        assert answer.status_code in (200, 400, 422)
        return
    joined = post(client, "/gradio_api/queue/join", body)
    assert_clean(joined.text)
    assert joined.status_code in (200, 400, 422)
    if joined.status_code != 200:
        return
    messages = events(client, f"/gradio_api/queue/data?session_hash={visitor}")
    assert_clean("".join(messages))
    (end,) = [each for each in map(json.loads, messages) if each["msg"] == "process_completed"]
    assert end["success"] or end["output"]["error"]


def test_every_event_of_the_page_is_answered_or_refused_whatever_it_gets(page, client, weights, assert_log_is_clean):
    functions = sorted(page.fns.items())
    link = ShareLink(GenerationRequest(prompt="My", length=9, seed=1), Session(weights).facts["weights_sha256"])
    text = {"call": 1, "link": link.json(), "text": "ab"}  # where much of a call is right, more is reached
    visitors = iter(range(10**6))

    @settings(max_examples=60, phases=PHASES)
    @given(st.data())
    def hostile(data: st.DataObject) -> None:
        visitor = f"visitor{next(visitors)}"
        for number, function in data.draw(st.lists(st.sampled_from(functions), min_size=1, max_size=3)):
            call = data.draw(event_data)
            call = text | call if isinstance(call, dict) and data.draw(st.booleans()) else call
            send(client, visitor, number, function, data.draw(inputs(function)), call)

    hostile()
    assert_log_is_clean()


ROUTES = ["run/predict", "queue/join", "call/generate", "call/v2/generate", "call/nothing", "call/v2/probabilities"]
ROUTES += ["api/generate", "cancel", "reset", "component_server", "upload", "stream/x", "stream/x/close"]


def test_a_request_of_any_form_is_answered_or_refused(page, client, assert_log_is_clean):
    visitor = st.just("anybody") | junk
    number = st.sampled_from(sorted(page.fns)) | junk
    known = {"data": junk, "fn_index": number, "session_hash": visitor, "event_id": junk, "event_data": junk}
    known |= {"trigger_id": st.integers(-2, 120) | junk, "simple_format": junk, "batched": junk}
    known |= {"component_id": st.integers(-2, 120) | junk, "fn_name": st.sampled_from(["load", "__init__"]) | junk}
    known |= {"prompt": junk, "loudness": junk}

    @settings(max_examples=120, phases=PHASES)
    @given(st.sampled_from(ROUTES), junk | st.fixed_dictionaries({}, optional=known))
    def hostile(route: str, body: Any) -> None:
        answer = post(client, f"/gradio_api/{route}", body)
        assert_clean(answer.text)
        assert answer.status_code < 500 or answer.json()["error"]

    hostile()
    for body in ("[" * 100_000, '{"data":' + "[" * 900 + "]" * 900 + "}", b"\xff\xfe", b"", "{"):
        for route in ROUTES:
            answer = client.post(f"/gradio_api/{route}", content=body, headers={"Content-Type": "application/json"})
            assert_clean(answer.text)
            assert answer.status_code < 500 or answer.json()["error"]
    assert_log_is_clean()


def test_generate_writes_what_the_library_writes_or_refuses_whatever_it_gets(client, weights, assert_log_is_clean):
    session, model = Session(weights), open_checkpoint(weights)
    likely = {
        "prompt": st.text(max_size=40) | st.text(st.characters(max_codepoint=127), max_size=20),
        "length": st.integers(1, 60),
        "temperature": st.floats(0, 2),
        "top_k": st.none() | st.integers(1, 70),
        "top_p": st.none() | st.floats(0, 1),
        "seed": st.integers(0, 2**64 - 1) | st.integers(0, 2**64 - 1).map(str),
        "stop": st.none() | st.text(max_size=3),
        "strategy": st.sampled_from(["sample", "greedy", "beam"]),
        "beam_width": st.none() | st.integers(1, 8),
    }
    assert tuple(likely) == names()
    everything_right = st.tuples(*likely.values())
    one_wrong = st.sampled_from(range(len(likely))).flatmap(
        lambda wrong: st.tuples(*(junk if n == wrong else each for n, each in enumerate(likely.values())))
    )

    def problem(values: tuple) -> FieldError | None:
        try:
            session.check(GenerationRequest.of(values))
        except FieldError as error:
            return error
        return None

    @settings(max_examples=80, phases=PHASES)
    @given(everything_right | one_wrong)
    def hostile(values: tuple) -> None:
        if wrong := problem(values):
            answer = post(client, "/gradio_api/call/generate", {"data": values})
            assert_clean(answer.text)
            assert (answer.status_code, wrong.field in answer.text) == (422, True) or answer.status_code == 400
            return
        request = GenerationRequest.of(values)
        *_, last = write(*model, request)
        text = text_of(client, values)
        assert len(text) <= request.length
        assert text == last.text or (request.uses_seed and request.seed is None)

    hostile()
    assert_log_is_clean()


@pytest.fixture(scope="module")
def process() -> Callable[[str, list], None]:
    """process(event, values) runs an event of a small page, without a server."""

    def fail(_: str) -> None:
        raise ValueError("no <b>text</b>")

    def break_down(_: str) -> None:
        raise KeyError("ours")

    with CheckedBlocks() as blocks:
        controls = {
            "text": gr.Textbox(label="Prompt"),
            "slider": gr.Slider(0, 9, label="Length"),
            "radio": gr.Radio(["a", "b"], label="Strategy"),
        }
        for name, control in controls.items():
            blocks.load(lambda value: None, control, api_name=name)
        blocks.load(fail, controls["text"], api_name="fail")
        blocks.load(break_down, controls["text"], api_name="break_down")
        blocks.load(None, controls["text"], js="() => {}", api_name="script")
    functions = {function.api_name: function for function in blocks.fns.values()}
    return lambda event, values: event_loop.run(blocks.process_api(functions[event], values))


@pytest.mark.parametrize(
    ("event", "values", "reason"),
    [
        ("text", [7], "Prompt must be a text, not int"), ("text", [["a"]], "Prompt must be a text, not list"),
        ("slider", ["7"], "Length must be a number, not str"), ("slider", [None], "a number, not empty"),
        ("radio", [None], "Strategy must be one of its choices, not empty"), ("radio", [["a"]], "choices, not list"),
        ("radio", [0], "Strategy must be one of its choices, not int"), ("slider", [10], "not one the page can send"),
        ("radio", ["c"], "This value is not one the page can send: reload the page"),
        ("text", [], "takes 1 values, not 0"), ("text", ["a", "b"], "takes 1 values, not 2"),
        ("script", ["a"], "for the page's own scripts"), ("fail", ["a"], "^'?no &lt;b&gt;text&lt;/b&gt;"),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_no_control_sends_is_refused_in_a_sentence_without_a_traceback(process, event, values, reason):
    with pytest.raises(gr.Error, match=reason) as caught:
        process(event, values)
    assert not caught.value.print_exception


def test_what_controls_send_is_passed_on_and_an_error_of_ours_is_not_told_as_the_visitors(process):
    for event, value in (("text", "a"), ("text", None), ("slider", 0.5), ("radio", "a")):
        process(event, [value])
    with pytest.raises(KeyError):
        process("break_down", ["a"])


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_an_answer_that_fails_is_ended_or_is_a_refusal(caplog, sent):
    """Where a stream has begun, what was sent of it cannot be taken back."""
    begun = [{"type": "http.response.start", "status": 200}, {"type": "http.response.body", "more_body": True}][:sent]
    messages: list[dict] = []

    async def app(scope: dict, receive: Callable, send: Callable) -> None:
        for message in begun:
            await send(message)
        raise KeyError("x" * 1000)

    async def send(message: dict) -> None:
        messages.append(message)

    event_loop.run(RefuseMalformed(app)({"type": "http", "method": "POST", "path": "/" + "x" * 1000}, None, send))
    assert [each["status"] for each in messages if "status" in each] == [200 if sent else 400]
    assert not messages[-1].get("more_body")
    (line,) = caplog.messages
    assert line.endswith("failed in app: KeyError")
    assert len(line) < 200
    with pytest.raises(KeyError):
        event_loop.run(RefuseMalformed(app)({"type": "lifespan"}, None, send))
