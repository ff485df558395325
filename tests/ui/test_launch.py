"""How the page starts and ends: flags, ports, credentials, training, Spaces, proxies, Ctrl-C."""

import json
import os
import re
import runpy
import signal
import socket
import sys
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio_client import Client

from tests.server import ROOT, free_port, serving
from tinygpt.ui import launch
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

APP, WEIGHTS = ROOT / "app.py", ROOT / "weights"
SECRET = "hf_" + "s" * 34


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    """An app as on a Space: other machines can reach it, and the owner's token is in its environment."""
    environment = {"SPACE_ID": "will/tinygpt", "SYSTEM": "spaces", "GRADIO_SERVER_NAME": "0.0.0.0", "HF_TOKEN": SECRET}
    with serving(**environment) as address:
        yield address


def get(url: str) -> HTTPResponse | urllib.error.HTTPError:
    try:
        return urllib.request.urlopen(url, timeout=30)
    except urllib.error.HTTPError as error:
        return error


def test_a_space_writes(space: str):
    assert len(Client(space, verbose=False).predict("O", 7, api_name="/generate")) == 7


def test_on_a_space_nobody_trains(space: str):
    config = json.load(get(f"{space}/config"))
    assert "With tinygpt on your own computer" in json.dumps(config)  # which is told instead
    menu = next(each for each in config["components"] if each["props"].get("elem_id") == "weights")
    assert not menu["props"]["visible"]  # there is nothing to choose
    assert "file" not in {each["type"] for each in config["components"]}


def test_what_a_space_serves_tells_nothing_of_its_machine_and_no_token(space: str):
    of_the_machine = re.compile(
        rf"{SECRET}| at 0x|Traceback|{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}[/\\]|"
        rf"{re.escape(socket.gethostname())}[^+/=\w]|{re.escape(sys.prefix)}|[/\\]tmp[/\\]"
    )
    for path in (
        "",
        "config",
        "openapi.json",
        "nowhere",
        "manifest.json",
        "gradio_api/info",
        "gradio_api/openapi.json",
        "gradio_api/startup-events",
        "gradio_api/app_id",
        "gradio_api/token",
        "gradio_api/user",
        "gradio_api/queue/status",
        "gradio_api/file=/proc/self/environ",
        "gradio_api/file=nothing",
        "gradio_api/stream/x/1/1/playlist-file",
    ):
        with get(f"{space}/{path}") as answer:
            told = of_the_machine.search(answer.read().decode() + str(answer.headers))
        assert told is None, path


@pytest.mark.skipif(os.name == "nt", reason="on Windows, Ctrl-C cannot be sent to one process alone")
def test_it_opens_in_spite_of_unusable_proxies_and_ctrl_c_ends_it_even_while_it_compiles(
    monkeypatch, tmp_path, request
):
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))  # nothing is compiled yet
    process = request.getfixturevalue("start")(APP, "--port", free_port())
    while "Running on local URL" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.splitlines()[0].startswith("app.py: ignoring the proxy of ALL_PROXY")
    assert "Traceback" not in stderr
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="on Windows, a process is ended without being asked")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_told_to_end_it_does_what_is_to_be_done_then(run, name: str):
    script = (
        "import atexit, os, signal; from tinygpt.ui import launch;"
        f"tell = lambda *_: os.kill(os.getpid(), signal.{name});"
        "atexit.register(print, 'saved'); atexit.register(lambda: (tell(), print('saving')));"  # in reverse order
        "launch.open_page = tell; launch.main()"
    )
    result = run("-c", script)
    assert (result.returncode, result.stdout, result.stderr) == (128 + signal.Signals[name], "saving\nsaved\n", "")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no nohup")
def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup():
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        launch.exit_on_signals()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        with pytest.raises(SystemExit):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_taken_port_is_named_with_the_flag_that_changes_it(called):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        result = called(APP, "--port", port)
    assert result.returncode != 0
    assert f"port {port} is taken" in result.stderr
    assert "--port" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("flags", [["--host", "0.0.0.0"], ["--share"], ["--root-path", "https://example.org/tinygpt"]])
def test_training_where_strangers_come_is_refused(called, flags: list[str]):
    result = called(APP, "--train", *flags)
    assert result.returncode != 0
    assert "--train is only for" in result.stderr
    assert "train in a terminal, by python train.py\n" in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_its_flag_training_is_not_offered_but_told_of(weights: Path):
    registry = Registry(Session(weights))
    told, offered, public = (
        build(registry, jobs, local=local).config
        for jobs, local in ((None, True), (TrainingJobs(registry), True), (None, False))
    )
    for config in (told, public):
        assert "python -m tinygpt app --train" in json.dumps(config, default=str)
    for config, offers in ((told, False), (offered, True), (public, False)):
        assert ("file" in {each["type"] for each in config["components"]}) == offers
        assert any(each["api_name"] == "train" for each in config["dependencies"]) == offers


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


@pytest.mark.parametrize("host", ["", "a b", "http://localhost", "localhost/x", "[]"])
def test_an_invalid_host_is_refused(called, host: str):
    result = called(APP, "--host", host)
    assert result.returncode != 0
    assert "--host" in result.stderr


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
        (["--host", "[::1]"], {}, True),
        (["--root-path", "/tinygpt"], {}, True),
        (["--root-path", "http://localhost:8000/tinygpt"], {}, True),
        (["--root-path", "https://example.org/tinygpt"], {}, False),
        ([], {"GRADIO_ROOT_PATH": "https://example.org"}, False),
        (["--host", "::"], {}, False),
        (["--host", "0.0.0.0"], {}, False),
        (["--host", "example.org"], {}, False),
        (["--share"], {}, False),
        ([], {"SPACE_ID": "somebody/tinygpt"}, False),
        ([], {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
    ],
)
def test_a_page_is_local_only_if_no_other_machine_reaches_it(monkeypatch, flags, environment, local):
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launch.is_local_only(launch.parse_args(flags)) == local


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ([], "http://127.0.0.1:7865/"),
        (["--root-path", "/tinygpt/"], "http://127.0.0.1:7865/tinygpt/"),
        (["--root-path", "http://localhost:8000/tinygpt"], "http://localhost:8000/tinygpt/"),
    ],
)
def test_the_page_is_seen_at_its_own_address_or_at_that_of_the_proxy_before_it(flags: list[str], url: str):
    page = SimpleNamespace(local_url="http://127.0.0.1:7865/")
    assert launch.address_of(page, launch.parse_args(flags).root_path) == url


def test_on_zero_gpu_the_model_runs_on_the_processor_unless_another_device_is_asked_for(monkeypatch):
    devices = []

    def open_page(args: Namespace) -> None:
        devices.append(args.device)
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "open_page", open_page)
    monkeypatch.setattr(launch, "exit_on_signals", lambda: None)
    for flags, zero_gpu in (([], True), (["--device", "cuda"], True), ([], False)):
        with pytest.raises((SystemExit, KeyboardInterrupt)) as ended:
            launch.main(flags, zero_gpu=zero_gpu)
        assert ended.value.args == (130,)
    assert devices == ["cpu", "cuda", "auto"]


@pytest.mark.parametrize(("variable", "expected"), [("true", True), ("1", True), ("", False), ("false", False)])
@pytest.mark.parametrize("installed", [True, False])
def test_a_space_is_on_zero_gpu_if_its_variable_says_so_whether_the_package_is_there_or_not(
    monkeypatch, variable: str, expected: bool, installed: bool
):
    seen = []
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lambda function: function) if installed else None)
    monkeypatch.setenv("SPACES_ZERO_GPU", variable)
    monkeypatch.setattr(launch, "main", lambda *, zero_gpu: seen.append(zero_gpu))
    runpy.run_path(str(ROOT / "tinygpt" / "ui" / "space_app.py"), run_name="__main__")
    assert seen == [expected]


@pytest.mark.parametrize("there", [False, True], ids=["missing", "of another version"])
def test_without_a_package_that_works_the_flag_for_assistants_says_what_to_install(
    called, monkeypatch, tmp_path, there: bool
):
    ours = "tinygpt.ui.middleware.mcp"
    for name in [name for name in sys.modules if name == ours or name.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    if there:
        (tmp_path / "mcp").mkdir()
        (tmp_path / "mcp" / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
    else:
        monkeypatch.setitem(sys.modules, "mcp", None)
    result = called(APP, "--mcp")
    assert result.returncode == 1
    requirement = (ROOT / "requirements-mcp.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert result.stderr.startswith(f'app.py: --mcp needs another package: run pip install "{requirement}" (')
    assert result.stderr.count("\n") == 1
