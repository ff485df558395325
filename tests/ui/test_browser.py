"""The page opens in the browser of who started it at a desk: tried in a terminal, with a browser that notes its URL."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from gradio_client import Client

from tests.ci import ONLY_IN_CI
from tests.server import ROOT, free_port
from tinygpt.background import in_background
from tinygpt.ui import launch
from tinygpt.ui.browser import at_a_desk, open_in_browser

ELSEWHERE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "SPACE_ID", "container", "KUBERNETES_SERVICE_HOST", "CI")
only_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")


@pytest.mark.parametrize("platform", ["linux", "freebsd14", "darwin", "win32"])
def test_a_desk_is_a_terminal_with_a_display_that_nobody_came_to_from_elsewhere(platform: str):
    displays = [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}]
    has_windows_anyway = platform in ("darwin", "win32")
    assert at_a_desk({}, platform, terminal=True) == has_windows_anyway
    assert at_a_desk({"DISPLAY": ""}, platform, terminal=True) == has_windows_anyway
    for display in displays:
        assert at_a_desk(display | {"SSH_TTY": ""}, platform, terminal=True)
        assert not at_a_desk(display, platform, terminal=False)
        assert not any(at_a_desk(display | {name: "x"}, platform, terminal=True) for name in ELSEWHERE)


@pytest.mark.parametrize(
    ("flags", "opens"),
    [
        ([], True),
        (["--host", "::1"], True),
        (["--root-path", "/tinygpt"], True),
        (["--no-browser"], False),
        (["--share"], False),
        (["--host", "0.0.0.0"], False),
        (["--root-path", "https://example.org/tinygpt"], False),
    ],
)
def test_only_a_page_for_who_started_it_opens(monkeypatch, at_desk: None, flags: list[str], opens: bool):
    args = launch.parse_args(flags)
    assert not launch.opens_in_browser(args)  # pytest reads what is printed
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert launch.opens_in_browser(args) == opens
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    assert not launch.opens_in_browser(args)


@pytest.fixture
def at_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables as at a desk."""
    for name in (*ELSEWHERE, "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, at_desk: None) -> Path:
    """A browser that prints, and that notes in this file what it opens and what terminals it has; then it waits.

    It waits until somebody reads the file `done` beside that one.
    """
    program, notes, done = (tmp_path / name for name in ("browser", "notes", "done"))
    os.mkfifo(done)
    program.write_text(f"""#!/bin/sh
echo a browser prints; echo and complains >&2
for number in 0 1 2; do [ -t $number ] && echo terminal $number >> {notes}; done
(: < /dev/tty) 2> /dev/null && echo the terminal of the page >> {notes}
echo "$1" >> {notes}
echo > {done}
""")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    return notes


# The new session's terminal is the one that it reads from, as a shell's is.
_IN_ITS_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@contextmanager
def in_terminal(*flags: str) -> Iterator[tuple[str, bytearray, subprocess.Popen]]:
    """Run app.py in a terminal. Yields its URL once it listens, what is shown, and its process.

    What is shown is whole after the block.
    """
    ours, its = os.openpty()
    port, shown = free_port(), bytearray()
    command = [sys.executable, "-c", _IN_ITS_TERMINAL, str(ROOT / "app.py"), "--port", str(port), *flags]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), its)
    process = subprocess.Popen(command, **streams, start_new_session=True, cwd=ROOT)
    os.close(its)
    try:
        while b"Running on local URL" not in shown:
            assert select.select([ours], [], [], 60)[0], shown
            shown += os.read(ours, 1000)
        yield f"http://127.0.0.1:{port}/", shown, process
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):  # of Linux, at the end of what is shown in a terminal that nobody uses any more
            while piece := os.read(ours, 1000):
                shown += piece
        os.close(ours)


@only_unix
def test_the_page_opens_once_and_its_terminal_stays_its_own(browser: Path, weights: Path):
    with in_terminal("--weights", str(weights)) as (url, shown, _):
        in_background((browser.parent / "done").read_text).result(timeout=60)
    assert browser.read_text() == f"{url}\n"
    assert b"a browser prints" not in shown
    assert b"complains" not in shown
    assert b"No browser" not in shown
    assert f"Running on local URL:  {url}\r\n".encode() in shown
    assert b"launch()" not in shown  # in gradio's hint at a public link, which does not know our flag


@ONLY_IN_CI
@only_unix
def test_the_page_does_not_open_if_that_is_not_wanted_and_ctrl_c_ends_it_though_others_have_it_open(
    browser: Path, weights: Path
):
    with in_terminal("--weights", str(weights), "--no-browser") as (url, shown, process):
        client = Client(url, verbose=False)
        assert len(client.predict("My", 7, api_name="/generate")) == 7
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    assert b"closing server" not in shown  # which waits for them
    assert not browser.exists()


def test_a_browser_that_cannot_be_started_costs_a_line(monkeypatch, at_desk: None, tmp_path: Path, capsys):
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))  # no browser is there
    open_in_browser("http://127.0.0.1:7860/").result(timeout=60)
    assert capsys.readouterr().out == "No browser could be started: open http://127.0.0.1:7860/ yourself.\n"


def test_no_module_of_the_folder_in_which_the_page_is_started_runs(monkeypatch, at_desk: None, tmp_path: Path):
    for name in ("webbrowser", "shlex", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'w'); raise SystemExit", encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", f"{sys.executable} -c pass")
    open_in_browser("http://127.0.0.1:7860/").result(timeout=60)
    assert not (tmp_path / "ran").exists()
