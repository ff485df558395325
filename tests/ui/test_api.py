"""The endpoint /generate of a running app, as programs use it."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from http.client import HTTPResponse
from itertools import pairwise

import pytest
from gradio_client import Client

from tests.server import ROOT, serving
from tinygpt import open_checkpoint
from tinygpt.inference.continuation import write
from tinygpt.request import GenerationRequest, bounds, default, names
from tinygpt.ui.blocks import MAX_CONCURRENT_TEXTS, MAX_QUEUED


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def post(address: str, arguments: list) -> tuple[int, str]:
    """The HTTP status and body of a request that gradio's own client would not send."""
    request = urllib.request.Request(
        f"{address}/gradio_api/call/generate",
        json.dumps({"data": arguments}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def arguments(**changes: object) -> list:
    """The endpoint's arguments in order."""
    fields = {name: default(name) for name in names()} | {"prompt": "ROMEO:\n", "length": 20}
    assert changes.keys() <= fields.keys()
    return list((fields | changes).values())


def test_a_prompt_alone_gives_500_characters(client: Client):
    text = client.predict("ROMEO:\n", api_name="/generate")
    assert isinstance(text, str)
    assert len(text) == 500


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 1.1, "top_k": 20, "top_p": 0.9, "seed": 2**64 - 1},
        {"seed": str(2**64 - 1)},
        {"strategy": "greedy", "stop": "e"},
        {"strategy": "beam", "beam_width": 2},
    ],
    ids=str,
)
def test_the_endpoint_writes_what_the_library_writes(client: Client, changes: dict):
    request = GenerationRequest(**{"prompt": "JULIET:\n", "length": 60} | changes)
    *_, last = write(*open_checkpoint(ROOT / "weights"), request)
    assert last.text
    assert client.predict(**asdict(request) | changes, api_name="/generate") == last.text


def test_a_text_is_streamed_and_only_grows(client: Client):
    texts = list(client.submit("ROMEO:\n", length=1500, api_name="/generate"))
    assert len(texts) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_simultaneous_requests_give_the_texts_that_they_give_alone(address: str, client: Client):
    alone = [client.predict("ROMEO:\n", length=60, seed=seed, api_name="/generate") for seed in range(4)]

    def text(seed: int) -> str:
        """Over HTTP: gradio's client shares one stream of events among its requests, and at times loses track."""
        _, body = post(address, arguments(length=60, seed=seed))
        stream = f"{address}/gradio_api/call/generate/{json.loads(body)['event_id']}"
        with urllib.request.urlopen(stream, timeout=60) as answer:
            events = answer.read().decode().split("\n\n")
        (complete,) = (event for event in events if event.startswith("event: complete"))
        return json.loads(complete.partition("data: ")[2])[0]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(text, (0, 1, 2, 3) * 3)) == alone * 3


def test_only_generate_is_listed_with_the_names_and_defaults_of_a_request(client: Client):
    api = client.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/generate"]
    assert not api["unnamed_endpoints"]
    parameters = api["named_endpoints"]["/generate"]["parameters"]
    assert tuple(each["parameter_name"] for each in parameters) == names()
    assert [each["parameter_has_default"] for each in parameters] == [False] + [True] * (len(names()) - 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("length", bounds("length").high + 1), ("strategy", ["sample"])],
    ids=["beyond a bound", "of another type"],
)
def test_a_field_out_of_bounds_is_refused_by_name_before_it_is_queued(address: str, field: str, value: object):
    status, body = post(address, arguments(**{field: value}))
    assert status == 422
    assert f"{field} must be" in body
    assert "Traceback" not in body


def test_a_top_k_beyond_the_vocabulary_is_refused_before_it_is_queued(address: str):
    _, tokenizer = open_checkpoint(ROOT / "weights")
    status, body = post(address, arguments(top_k=tokenizer.vocab_size + 1))
    assert status == 422
    assert f"top_k must be at most {tokenizer.vocab_size}" in body


@pytest.mark.parametrize(
    "wrong",
    [[], arguments()[:3], arguments(prompt={"path": "/etc/hosts", "meta": {"_type": "gradio.FileData"}})],
    ids=["none", "too few", "a file as the prompt"],
)
def test_malformed_arguments_are_refused_without_a_traceback(address: str, wrong: list):
    status, body = post(address, wrong)
    assert status in (400, 422)
    assert "Traceback" not in body


def test_an_unknown_argument_is_refused(client: Client):
    with pytest.raises(TypeError, match="loudness"):
        client.predict("ROMEO:\n", loudness=11, api_name="/generate")


def test_requests_beyond_the_queue_are_refused_and_the_page_still_answers():
    with serving() as address:  # its own server: the requests keep it busy for a while
        answers = [post(address, arguments(length=5000)) for _ in range(MAX_QUEUED + 2 * MAX_CONCURRENT_TEXTS)]
        assert {status for status, _ in answers} == {200, 503}
        assert "full" in answers[-1][1]
        with urllib.request.urlopen(address, timeout=30) as page:
            assert page.status == 200


def test_visitors_who_leave_make_room_for_others(address: str):
    with urllib.request.urlopen(f"{address}/config") as config:
        (function,) = (each["id"] for each in json.load(config)["dependencies"] if each["api_name"] == "generate")

    def events(visitor: str, length: int) -> HTTPResponse:
        """The stream of events for a visitor who asks for a text."""
        job = {"data": arguments(length=length), "fn_index": function, "session_hash": visitor}
        join = urllib.request.Request(
            f"{address}/gradio_api/queue/join", json.dumps(job).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(join, timeout=30).close()
        return urllib.request.urlopen(f"{address}/gradio_api/queue/data?session_hash={visitor}", timeout=30)

    for number in range(MAX_CONCURRENT_TEXTS):
        with events(f"leaver{number}", length=5000) as stream:
            next(line for line in stream if b"process_generating" in line)
    with events("last", length=20) as stream:
        assert any(b"process_completed" in line for line in stream)


def test_a_password_protects_the_endpoint():
    with serving("--auth", "will:globe") as address:
        status, _ = post(address, arguments())
        assert status == 401
        assert len(Client(address, auth=("will", "globe"), verbose=False).predict("O", 7, api_name="/generate")) == 7
