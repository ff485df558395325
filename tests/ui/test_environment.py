"""Proxies of the environment never keep the page from opening, and each process has an upload folder of its own."""

import importlib.util
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gradio
import httpx
import pytest

from tests.http_server import QuietHandler, answering
from tests.server import free_port
from tinygpt.ui.environment import bypass_proxies, prepare_for_gradio, without_type_stubs


@pytest.fixture(autouse=True)
def environment(monkeypatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment without proxies. What the code sets there is undone."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "GRADIO_TEMP_DIR":
            del os.environ[name]
    yield monkeypatch
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """The URLs of a server on this machine, and of a proxy that answers 503 to everything."""

    def always(status: int) -> type[QuietHandler]:
        class Answer(QuietHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()

        return Answer

    with answering(always(200)) as server, answering(always(503)) as proxy:
        yield tuple(f"http://127.0.0.1:{port}" for port in (server, proxy))


@pytest.mark.parametrize(
    ("variable", "proxy", "existing"),
    [
        ("HTTP_PROXY", "{answers 503}", "example.org"),
        ("all_proxy", "http://127.0.0.1:{nobody listens}", ""),
        ("ALL_PROXY", "socks5://127.0.0.1:{nobody listens}", "*"),
        ("https_proxy", "127.0.0.1:port", ".local, example.org"),
        ("HTTPS_PROXY", "nonsense://127.0.0.1:9", "localhost"),
    ],
)
def test_this_machine_is_reached_past_every_proxy(environment, servers, variable: str, proxy: str, existing: str):
    server, failing = servers
    environment.setenv(variable, proxy.format_map({"answers 503": failing, "nobody listens": free_port()}))
    environment.setenv("NO_PROXY", existing)
    bypass_proxies("192.0.2.1")
    assert httpx.get(server).status_code == 200


def test_other_hosts_are_still_reached_through_the_proxy(environment, servers, capsys):
    environment.setenv("HTTP_PROXY", servers[1])
    environment.setenv("NO_PROXY", "example.org")
    bypass_proxies("192.0.2.1")
    assert httpx.get("http://plays.example/").status_code == 503
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "example.org,localhost,127.0.0.1,::1,192.0.2.1"
    assert capsys.readouterr().err == ""


def test_a_proxy_that_cannot_be_used_is_named_in_a_line_without_its_password(environment, capsys):
    environment.setenv("ALL_PROXY", "socks5://user:secret@127.0.0.1:9")
    environment.setenv("https_proxy", "nonsense://user:secret@127.0.0.1:9")
    bypass_proxies("127.0.0.1")
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert "ALL_PROXY: SOCKS needs a package that is not installed (pip install socksio)" in said
    assert "https_proxy" in said
    assert "secret" not in said


def test_without_proxies_the_environment_stays_as_it_is():
    before = dict(os.environ)
    bypass_proxies("127.0.0.1")
    assert dict(os.environ) == before


def test_each_process_has_an_upload_folder_of_its_own_which_goes_with_it(environment, tmp_path: Path):
    (tmp_path / "gradio").touch()  # gradio's own folder cannot be had
    environment.setenv("TMPDIR", str(tmp_path))
    script = "from tinygpt.ui.environment import prepare_for_gradio as f; d = f(); (d / 'a').touch(); print(d)"
    folders = [
        Path(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip())
        for _ in range(2)
    ]
    assert folders[0] != folders[1]
    assert {folder.parent for folder in folders} == {tmp_path}
    assert [path.name for path in tmp_path.iterdir()] == ["gradio"]


def test_the_upload_folder_is_made_where_gradio_was_told_to(environment, tmp_path: Path):
    environment.setenv("GRADIO_TEMP_DIR", str(tmp_path / "a" / "b"))
    folder = prepare_for_gradio()
    assert folder.parent == tmp_path / "a" / "b"
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder)


def test_where_no_upload_folder_can_be_made_the_remedy_is_told(environment, tmp_path: Path):
    (tmp_path / "file").touch()
    environment.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "uploads"))
    with pytest.raises(ValueError, match=r"no folder for uploads.*uploads.*set GRADIO_TEMP_DIR"):
        prepare_for_gradio()


def test_on_a_space_gradio_makes_the_same_page_as_elsewhere(environment, tmp_path: Path):
    for name, value in {"SYSTEM": "spaces", "SPACE_ID": "ann/play", "GRADIO_TEMP_DIR": str(tmp_path)}.items():
        environment.setenv(name, value)
    assert gradio.Blocks().space_id == "ann/play"  # about which gradio's page would ask huggingface.co
    prepare_for_gradio()
    assert gradio.Blocks().space_id is None


def test_gradio_is_imported_without_writing_type_stubs(tmp_path: Path):
    def stubs_of(name: str) -> list[Path]:
        (path := tmp_path / f"{name}.py").write_text(
            "from gradio import HTML\n\n\nclass Note(HTML):\n    EVENTS = []\n"
        )
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)  # where its source code is looked up
        try:
            spec.loader.exec_module(module)
        finally:
            del sys.modules[name]
        return list(tmp_path.glob(f"{name}.pyi"))

    with without_type_stubs():
        assert not stubs_of("quick")
        assert inspect.getfile(Path)
    assert stubs_of("slow")  # as gradio does by itself
    assert inspect.getfile(gradio.HTML)
