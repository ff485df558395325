"""app.py as a process, and its endpoint /generate as programs use it."""

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from itertools import pairwise

import pytest
from gradio_client import Client
from server import ROOT, free_port, serving

from tinygpt import SampleConfig, load_checkpoint, stream
from tinygpt.ui.blocks import AT_ONCE, QUEUE
from tinygpt.ui.workshop import LARGEST

WEIGHTS = ROOT / "weights"
APP = ROOT / "app.py"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def post(address: str, arguments: list) -> tuple[int, str]:
    """The HTTP status and body of a request that is not made by gradio's own client."""
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


def request(**changes: object) -> list:
    """The endpoint's arguments in order."""
    defaults = {
        "prompt": "ROMEO:\n",
        "length": 20,
        "temperature": 0.8,
        "top_k": None,
        "top_p": None,
        "seed": None,
        "stop": None,
        "strategy": "sample",
        "beam_width": 4,
    }
    assert changes.keys() <= defaults.keys()
    return list((defaults | changes).values())


def test_a_prompt_alone_gives_five_hundred_characters(client: Client):
    text = client.predict("ROMEO:\n", api_name="/generate")
    assert isinstance(text, str)
    assert len(text) == 500


def test_the_endpoint_writes_what_the_library_writes(client: Client):
    model, tokenizer = load_checkpoint(WEIGHTS)
    settings = SampleConfig(max_new_tokens=80, temperature=1.1, top_k=20, top_p=0.9, seed=2**64 - 1)
    expected = "".join(stream(model, tokenizer, "JULIET:\n", settings))
    named = {"prompt": "JULIET:\n", "length": 80, "temperature": 1.1, "top_k": 20, "top_p": 0.9}
    for seed in (2**64 - 1, str(2**64 - 1)):
        assert client.predict(**named, seed=seed, api_name="/generate") == expected


def test_text_is_streamed_and_only_ever_grows(client: Client):
    job = client.submit("ROMEO:\n", length=1500, api_name="/generate")
    drafts = list(job)
    assert len(drafts) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(drafts))


def test_many_requests_at_once_each_give_the_text_they_give_alone(client: Client):
    alone = [client.predict("ROMEO:\n", length=60, seed=seed, api_name="/generate") for seed in range(4)]
    jobs = [client.submit("ROMEO:\n", length=60, seed=seed, api_name="/generate") for seed in (0, 1, 2, 3) * 3]
    assert [job.result() for job in jobs] == alone * 3


def test_strategies_and_stop(client: Client):
    greedy = client.predict("ROMEO:\n", length=40, strategy="greedy", api_name="/generate")
    assert client.predict("ROMEO:\n", length=40, temperature=0, api_name="/generate") == greedy
    assert client.predict("ROMEO:\n", length=40, strategy="beam", beam_width=1, api_name="/generate") == greedy
    stopped = client.predict("ROMEO:\n", length=40, strategy="greedy", stop=greedy[10:13], api_name="/generate")
    assert stopped == greedy[: greedy.index(greedy[10:13])]


def test_only_generate_is_listed_with_its_names_and_defaults(client: Client):
    api = client.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/generate"]
    assert not api["unnamed_endpoints"]
    parameters = api["named_endpoints"]["/generate"]["parameters"]
    assert [p["parameter_name"] for p in parameters] == [
        "prompt", "length", "temperature", "top_k", "top_p", "seed", "stop", "strategy", "beam_width",
    ]  # fmt: skip
    assert [p["parameter_has_default"] for p in parameters] == [False] + [True] * 8


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "x" * 10_001),
        ("prompt", None),
        ("prompt", {"name": "hosts"}),
        ("length", 10**9),
        ("length", 0),
        ("length", 2.5),
        ("length", True),
        ("length", [20]),
        ("length", None),
        ("length", "20"),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", None),
        ("top_k", 0),
        ("top_k", 66),
        ("top_p", 0),
        ("top_p", 1.5),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", "seven"),
        ("seed", 1.5),
        ("stop", "x" * 101),
        ("stop", 7),
        ("strategy", "magic"),
        ("strategy", ["sample"]),
        ("beam_width", 9),
    ],
)
def test_what_is_out_of_bounds_is_refused_before_it_is_queued(address: str, field: str, value: object):
    status, body = post(address, request(**{field: value}))
    assert status == 422
    assert f"{field} must be" in body
    assert "Traceback" not in body


@pytest.mark.parametrize("arguments", [[], request()[:3]])
def test_missing_arguments_are_an_error_without_a_trace(address: str, arguments: list):
    status, body = post(address, arguments)
    assert status in (400, 422)
    assert "Traceback" not in body


def test_an_unknown_argument_is_refused(client: Client):
    with pytest.raises(TypeError, match="loudness"):
        client.predict("ROMEO:\n", loudness=11, api_name="/generate")


def test_beams_without_a_width_are_refused_not_turned_into_chance(address: str):
    status, body = post(address, request(strategy="beam", beam_width=None))
    assert status == 422
    assert "beam_width must be" in body


def test_a_file_in_place_of_the_prompt_is_refused(address: str):
    status, body = post(address, request(prompt={"path": "/etc/hosts", "meta": {"_type": "gradio.FileData"}}))
    assert status in (400, 422)
    assert "Traceback" not in body


def test_extremes_within_bounds_work(address: str):
    for changes in ({"temperature": 5e-324}, {"temperature": 2}, {"top_k": 65}, {"top_p": 1e-9}, {"length": 1}):
        status, body = post(address, request(**changes))
        assert status == 200, (changes, body)


def test_a_crowd_past_the_queue_is_told_so_and_the_page_still_answers():
    with serving() as address:
        answers = [post(address, request(length=5000)) for _ in range(QUEUE + 2 * AT_ONCE)]
        assert {status for status, _ in answers} == {200, 503}
        assert "full" in answers[-1][1]
        with urllib.request.urlopen(address, timeout=30) as page:
            assert page.status == 200


def test_visitors_who_leave_free_their_places(address: str):
    with urllib.request.urlopen(f"{address}/config") as config:
        (function,) = (each["id"] for each in json.load(config)["dependencies"] if each["api_name"] == "generate")

    def messages(visitor: str, length: int) -> HTTPResponse:
        """What the page of a visitor who wants a text is told."""
        wanted = {"data": request(length=length), "fn_index": function, "session_hash": visitor}
        join = urllib.request.Request(
            f"{address}/gradio_api/queue/join", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(join, timeout=30).close()
        return urllib.request.urlopen(f"{address}/gradio_api/queue/data?session_hash={visitor}", timeout=30)

    for number in range(AT_ONCE):
        with messages(f"leaver{number}", length=5000) as told:
            next(line for line in told if b"process_generating" in line)
    with messages("last", length=20) as told:
        assert any(b"process_completed" in line for line in told)


def test_on_zerogpu_where_a_gpu_is_only_pretended_it_writes_on_the_processor(tmp_path):
    (tmp_path / "spaces.py").write_text(
        "import torch\ntorch.cuda.is_available = lambda: True\ndef GPU(function): return function\n"
    )
    with serving(PYTHONPATH=str(tmp_path)) as address:
        assert len(Client(address, verbose=False).predict("O", 7, api_name="/generate")) == 7


@pytest.mark.parametrize(("flags", "size"), [((), LARGEST + 1_000_000), (("--host", "0.0.0.0"), 50_000)], ids=str)
def test_a_large_upload_is_refused_and_any_but_a_small_one_where_others_reach_the_page(flags, size):
    with serving(*flags) as address:
        upload_refused(address, size)


def upload_refused(address: str, size: int) -> None:
    boundary = "b"
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n{"x" * size}\r\n'
    upload = urllib.request.Request(
        f"{address}/gradio_api/upload",
        (body + f"--{boundary}--\r\n").encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(upload, timeout=30)
    assert refused.value.code == 413


@pytest.mark.skipif(os.name == "nt", reason="on Windows, Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_ends_it_even_while_it_compiles(monkeypatch, tmp_path, request):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))  # nothing is compiled yet
    process = request.getfixturevalue("start")(APP, "--port", free_port())
    while "Running on local URL" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode in (0, 130)
    assert "Traceback" not in said


def test_a_taken_port_is_named_with_the_way_out(run):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        result = run(APP, "--port", port)
    assert result.returncode != 0
    assert f"{port}" in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_absent_weights_are_named(run):
    result = run(APP, "--weights", "nowhere")
    assert result.returncode != 0
    assert "nowhere" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "99999", "http"])
def test_a_port_that_is_none_is_refused(called, port: str):
    result = called(APP, "--port", port)
    assert result.returncode != 0
    assert "--port" in result.stderr


@pytest.mark.parametrize(
    ("fact", "value"), [("validation_loss", "x"), ("seconds", None), ("steps", True), ("preset", 3), ("training", [])]
)
def test_weights_whose_facts_make_no_sense_are_refused_in_one_line(called, tmp_path, fact: str, value: object):
    for file in ("model.safetensors", "config.json"):
        (tmp_path / file).write_bytes((WEIGHTS / file).read_bytes())
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) | {fact: value}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    result = called(APP, "--weights", tmp_path)
    assert result.returncode != 0
    assert f"{fact} cannot be" in result.stderr


@pytest.mark.parametrize("auth", ["nocolon", ":", "user:", ":password"])
def test_credentials_of_another_form_are_refused(called, auth: str):
    result = called(APP, "--auth", auth)
    assert result.returncode != 0
    assert "user:password" in result.stderr


def test_a_password_keeps_strangers_out():
    with serving("--auth", "will:globe") as address:
        status, _ = post(address, request())
        assert status == 401
        assert len(Client(address, auth=("will", "globe"), verbose=False).predict("O", 7, api_name="/generate")) == 7
