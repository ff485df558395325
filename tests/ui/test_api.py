"""The endpoints of a running app, as programs use them."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client

from tests.server import ROOT
from tests.ui.launched import events, launched, post, text_of
from tinygpt import TextEncoderDecoder, open_checkpoint
from tinygpt.engines.engine import Engine
from tinygpt.inference.continuation import Continuation, write
from tinygpt.model.sampling import inverse_cdf, uniform
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, bounds, default, described, names
from tinygpt.ui import blocks, serving
from tinygpt.ui.blocks import build
from tinygpt.ui.components.controls import control_values
from tinygpt.ui.services import session as session_module
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session

CALL = "/gradio_api/call/generate"
NARROW_QUEUE = 2
SLOW = {"length": 5000, "strategy": "beam", "beam_width": 8}  # takes longer than a text may


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    """Sends requests that gradio's own client would not send."""
    with httpx.Client(base_url=address, timeout=60) as http:
        yield http


@pytest.fixture(scope="module")
def model() -> tuple[Engine, TextEncoderDecoder]:
    return open_checkpoint(ROOT / "weights")


@pytest.fixture(scope="module")
def session() -> Session:
    """The session of the page `narrow`."""
    return Session(ROOT / "weights")


@pytest.fixture(scope="module")
def narrow(session: Session) -> Iterator[httpx.Client]:
    """A page that writes one text at a time, while NARROW_QUEUE more wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_CONCURRENT_TEXTS", 1)
        patch.setattr(serving, "MAX_REQUESTS", NARROW_QUEUE + 1)
        with launched(build(Registry(session))) as http:
            yield http


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
def test_the_endpoint_writes_what_the_library_writes(client: Client, model, changes: dict):
    request = GenerationRequest(**{"prompt": "JULIET:\n", "length": 60} | changes)
    *_, last = write(*model, request)
    assert last.text
    assert client.predict(**asdict(request) | changes, api_name="/generate") == last.text


def test_a_text_is_streamed_and_only_grows(client: Client):
    texts = list(client.submit("ROMEO:\n", length=1500, api_name="/generate"))
    assert len(texts) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_simultaneous_requests_give_the_texts_that_they_give_alone(http: httpx.Client, model):
    speakers = ("ROMEO:\n", "JULIET:\n", "", "First Citizen:\n")
    changes = [
        {"prompt": speakers[n % 4], "length": 40 + n, "seed": n, "temperature": 0.5 + n / 32, "top_k": 60 - n}
        for n in range(32)
    ]
    alone = [[*write(*model, GenerationRequest(**each))][-1].text for each in changes]
    assert len(set(alone)) == 32
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(lambda each: text_of(http, arguments(**each)), changes)) == alone


def test_only_the_endpoints_are_listed_with_the_names_and_defaults_of_their_requests(http: httpx.Client):
    api = http.get("/gradio_api/info").json()
    requests = {"/generate": GenerationRequest, "/probabilities": ProbabilitiesRequest}
    assert list(api["named_endpoints"]) == list(requests)
    assert not api["unnamed_endpoints"]
    for name, request in requests.items():
        endpoint = api["named_endpoints"][name]
        first, *others = endpoint["parameters"]
        assert tuple(each["parameter_name"] for each in endpoint["parameters"]) == names(request)
        assert not first["parameter_has_default"]
        assert all(each["parameter_has_default"] for each in others)
        assert described(request) in endpoint["description"]


def candidates_of(http: httpx.Client, **changes: object) -> dict[str, float]:
    """What /probabilities answers, in its order."""
    joined = post(http, "/gradio_api/call/v2/probabilities", changes)
    assert joined.status_code == 200, joined.text
    (answer,) = json.loads(events(http, f"/gradio_api/call/probabilities/{joined.json()['event_id']}")[-1])
    assert [set(each) for each in answer] == len(answer) * [{"character", "probability"}]
    return {each["character"]: each["probability"] for each in answer}


SETTINGS = [{}, {"top_k": 5}, {"temperature": 1.3, "top_k": 9, "top_p": 0.8}]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("prompt", ["", "ROMEO:\n", "“Roméo…”", "To be, or not " * 40], ids=len)
def test_the_probabilities_are_those_from_which_the_text_is_sampled(http: httpx.Client, model, prompt, settings):
    given = candidates_of(http, prompt=prompt, **settings)
    assert list(given.values()) == sorted(given.values(), reverse=True)
    assert sum(given.values()) == pytest.approx(1)
    assert min(given.values()) > 0
    vocabulary = model[1].vocabulary
    assert len(given) == settings.get("top_k", len(vocabulary)) or "top_p" in settings
    in_order = [given.get(character, 0.0) for character in vocabulary]
    for seed in range(5):
        request = GenerationRequest(prompt=prompt, length=1, seed=seed, **settings)
        *_, last = write(*model, request)
        assert last.text == vocabulary[inverse_cdf(np.array(in_order), uniform(seed, 0))]


def test_at_temperature_0_there_is_one_candidate_and_top_returns_the_likeliest(http: httpx.Client):
    every = candidates_of(http, prompt="ROMEO", temperature=1)
    assert candidates_of(http, prompt="ROMEO", temperature=0) == {next(iter(every)): 1}
    assert candidates_of(http, prompt="ROMEO", temperature=1, top=3) == dict(list(every.items())[:3])
    assert candidates_of(http, prompt="ROMEO", temperature=1, top=10**30) == every


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"prompt": "x" * 10_001}, "prompt must be a text of at most 10,000 characters, not 10,001"),
        ({"temperature": 2.1}, "temperature must be a number from 0 to 2, not 2.1"),
        ({"top_k": 66}, "top_k must be at most 65, the vocabulary, not 66"),
        ({"top": 0}, "top must be a whole number of at least 1, not 0"),
        ({"top": "3"}, "top must be a whole number of at least 1, not '3'"),
    ],
    ids=str,
)
def test_probabilities_out_of_bounds_are_refused_by_name_before_they_are_queued(http: httpx.Client, changes, problem):
    answer = post(http, "/gradio_api/call/v2/probabilities", {"prompt": "O"} | changes)
    assert answer.status_code == 422
    assert [each["message"] for each in answer.json()["detail"] if not each["is_valid"]] == [problem]


@pytest.mark.parametrize(
    ("field", "value"),
    [("length", bounds("length").high + 1), ("strategy", ["sample"])],
    ids=["beyond a bound", "of another type"],
)
def test_a_field_out_of_bounds_is_refused_by_name_before_it_is_queued(http: httpx.Client, field: str, value: object):
    answer = post(http, CALL, {"data": arguments(**{field: value})})
    assert answer.status_code == 422
    assert f"{field} must be" in answer.text


def test_a_top_k_beyond_the_vocabulary_is_refused_before_it_is_queued(http: httpx.Client, model):
    vocab_size = model[1].vocab_size
    answer = post(http, CALL, {"data": arguments(top_k=vocab_size + 1)})
    assert answer.status_code == 422
    assert f"top_k must be at most {vocab_size}" in answer.text


def test_a_prompt_of_20_megabytes_is_refused_in_a_sentence_before_it_is_queued(http: httpx.Client):
    answer = post(http, CALL, {"data": arguments(prompt="x" * 20_000_000)})
    assert answer.status_code == 422
    assert "prompt must be a text of at most 10,000 characters, not 20,000,000" in answer.text
    assert len(answer.text) < 5_000


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ([], "takes 9 values, not 0"),
        (arguments()[:3], "takes 9 values, not 3"),
        ([*arguments(), 11], "takes 9 values, not 10"),
        (arguments(prompt={"path": "/etc/hosts", "meta": {"_type": "gradio.FileData"}}), "not one the page can send"),
        (arguments(prompt={"path": "/etc/hosts"}), "prompt must be a text, not dict"),
        (arguments(prompt=["ROMEO:"]), "prompt must be a text, not list"),
    ],
    ids=["none", "too few", "too many", "a file as the prompt", "an object", "a list"],
)
def test_malformed_arguments_are_refused_in_a_sentence(http: httpx.Client, wrong: list, problem: str):
    answer = post(http, CALL, {"data": wrong})
    assert answer.status_code in (400, 422)
    assert problem in answer.text


def test_an_unknown_argument_is_refused(client: Client):
    with pytest.raises(TypeError, match="loudness"):
        client.predict("ROMEO:\n", loudness=11, api_name="/generate")


def test_an_unknown_argument_by_name_is_refused_over_http(http: httpx.Client):
    answer = post(http, "/gradio_api/call/v2/generate", {"prompt": "ROMEO:\n", "loudness": 11})
    assert answer.status_code == 400
    assert "/gradio_api/info" in answer.text


def test_requests_beyond_the_queue_are_refused_and_the_page_still_answers(narrow: httpx.Client, monkeypatch):
    answers = [post(narrow, CALL, {"data": arguments(**SLOW)}) for _ in range(NARROW_QUEUE + 3)]
    assert [answer.status_code for answer in answers] == [200] * (NARROW_QUEUE + 1) + [503] * 2
    assert "full" in answers[-1].text
    assert post(narrow, "/gradio_api/call/v2/probabilities", {"prompt": "O"}).status_code == 503
    assert narrow.get("/config").status_code == 200
    monkeypatch.setattr(session_module, "DEADLINE", 0)  # end the texts
    for answer in answers[: NARROW_QUEUE + 1]:
        events(narrow, f"{CALL}/{answer.json()['event_id']}")


def test_a_text_that_nobody_reads_ends_at_its_deadline_and_makes_room_for_others(narrow: httpx.Client, monkeypatch):
    monkeypatch.setattr(session_module, "DEADLINE", 0.3)
    unread = [post(narrow, CALL, {"data": arguments(**SLOW)}).json()["event_id"] for _ in range(2)]
    assert len(text_of(narrow, arguments(length=1))) == 1
    for event in unread:
        assert 0 < len(json.loads(events(narrow, f"{CALL}/{event}")[-1])[0]) < 5000


def test_texts_of_visitors_who_leave_end_and_make_room_for_others(narrow: httpx.Client, session: Session, monkeypatch):
    monkeypatch.setattr(session_module, "DEADLINE", float("inf"))
    dependencies = narrow.get("/config").json()["dependencies"]
    generate = next(each for each in dependencies if each["api_name"] == "generate")
    button = next(each for each in dependencies if [event for _, event in each["targets"]] == ["submit"])  # Write
    slow = control_values(GenerationRequest(prompt="ROMEO:\n", **SLOW), session.tokenizer.vocab_size)
    texts, write = [], session.write

    def recorded(*arguments: Any) -> Iterator[Continuation]:
        texts.append("")
        for continuation in write(*arguments):
            texts[-1] = continuation.text
            yield continuation

    monkeypatch.setattr(session, "write", recorded)

    def begin(visitor: str, event: dict, values: list, call: dict | None = None) -> str:
        """Ask for a text, and return the path of the visitor's events."""
        job = {"data": values, "fn_index": event["id"], "event_data": call, "session_hash": visitor}
        assert post(narrow, "/gradio_api/queue/join", job).status_code == 200
        return f"/gradio_api/queue/data?session_hash={visitor}"

    pressed = {"call": 1, "request": slow}
    for event, *sent in ((generate, arguments(**SLOW)), (button, [MAIN, None], pressed)):
        with narrow.stream("GET", begin(f"leaves {event['id']}", event, *sent)) as stream:
            next(line for line in stream.iter_lines() if "process_generating" in line)
    # The page writes one text at a time, so this one begins when the others have ended.
    assert "process_completed" in "".join(events(narrow, begin("last", generate, arguments())))
    *left, last = map(len, texts)
    assert last == 20
    assert len(left) == 2
    assert 0 < min(left) <= max(left) < SLOW["length"]
