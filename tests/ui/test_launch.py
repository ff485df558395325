"""How app.py starts and ends: flags, ports, credentials, uploads, Ctrl-C."""

import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from gradio_client import Client

from tests.server import ROOT, free_port, serving
from tinygpt.ui import launch
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES

APP, WEIGHTS = ROOT / "app.py", ROOT / "weights"


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Iterator[str]:
    """An app as on a ZeroGPU Space: other machines can reach it, and torch reports a GPU that cannot be used."""
    folder = tmp_path_factory.mktemp("spaces")
    (folder / "spaces.py").write_text(
        "import torch\ntorch.cuda.is_available = lambda: True\ndef GPU(function): return function\n"
    )
    with serving("--host", "0.0.0.0", PYTHONPATH=str(folder)) as address:
        yield address


def upload(address: str, size: int) -> int:
    """The HTTP status of the upload of a file."""
    body = f'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n{"x" * size}\r\n--b--\r\n'
    request = urllib.request.Request(
        f"{address}/gradio_api/upload", body.encode(), {"Content-Type": "multipart/form-data; boundary=b"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_on_zerogpu_it_writes_on_the_cpu(space: str):
    assert len(Client(space, verbose=False).predict("O", 7, api_name="/generate")) == 7


def test_uploads_are_limited_to_a_training_text_or_where_others_reach_the_page_to_almost_nothing(address, space):
    assert upload(address, 50_000) == 200
    assert upload(address, MAX_TEXT_BYTES + 1_000_000) == 413
    assert upload(space, 50_000) == 413


@pytest.mark.skipif(os.name == "nt", reason="on Windows, Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_ends_it_even_while_it_compiles(monkeypatch, tmp_path, request):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))  # nothing is compiled yet
    process = request.getfixturevalue("start")(APP, "--port", free_port())
    while "Running on local URL" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode in (0, 130)
    assert "Traceback" not in stderr


def test_a_taken_port_is_named_with_the_flag_that_changes_it(run):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        result = run(APP, "--port", port)
    assert result.returncode != 0
    assert f"{port}" in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_weights_are_named_in_one_line(called):
    result = called(APP, "--weights", "nowhere")
    assert result.returncode != 0
    assert "nowhere" in result.stderr
    assert result.stderr.count("\n") == 1


def test_weights_that_cannot_be_read_are_refused_in_one_line(called, tmp_path):
    (tmp_path / "model.safetensors").write_bytes((WEIGHTS / "model.safetensors").read_bytes())
    config = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8")) | {"validation_loss": "low"}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    result = called(APP, "--weights", tmp_path)
    assert result.returncode != 0
    assert "validation_loss" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "99999", "http"])
def test_an_invalid_port_is_refused(called, port: str):
    result = called(APP, "--port", port)
    assert result.returncode != 0
    assert "--port" in result.stderr


def test_credentials_are_a_user_and_a_password():
    assert launch.parse_credentials("will:globe:1599") == ("will", "globe:1599")
    assert launch.parse_credentials("") is launch.parse_credentials(None) is None
    for wrong in ("nocolon", ":", "user:", ":password"):
        with pytest.raises(ValueError, match="--auth and TINYGPT_AUTH must be of the form user:password"):
            launch.parse_credentials(wrong)


@pytest.mark.parametrize(
    ("flags", "environment", "local"),
    [
        ([], {}, True),
        (["--host", "localhost"], {}, True),
        (["--host", "127.0.0.2"], {}, True),
        (["--host", "::1"], {}, True),
        (["--host", "0.0.0.0"], {}, False),
        (["--host", "example.org"], {}, False),
        (["--share"], {}, False),
        ([], {"SPACE_ID": "somebody/tinygpt"}, False),
        ([], {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
    ],
)
def test_a_page_is_local_only_if_no_other_machine_reaches_it(monkeypatch, flags, environment, local):
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["app.py", *flags])
    assert launch.is_local_only(launch.parse_args()) == local
