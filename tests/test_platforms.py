"""What differs between Linux, macOS and Windows. What a machine lacks is simulated on the one that runs the tests."""

import ast
import importlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import gradio  # noqa: F401  before the fixture below: libraries may use what a system has
import pytest

from tests.server import ROOT

SCRIPTS = (ROOT / "app.py", ROOT / "train.py")
SOURCES = sorted([*SCRIPTS, *(ROOT / "tinygpt").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
UNIX_MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
UNIX_NAMES = {
    os: ("chown", "fork", "geteuid", "getuid", "killpg", "mkfifo", "sched_getaffinity", "setsid"),
    signal: ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2"),
}


@pytest.fixture
def without_unix(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system that lacks what Windows lacks, with none of our modules imported yet."""
    ours = {name: sys.modules.pop(name) for name in _imported()}
    for name in UNIX_MODULES:
        monkeypatch.setitem(sys.modules, name, None)
    for module, names in UNIX_NAMES.items():
        for name in names:
            monkeypatch.delattr(module, name, raising=False)
    yield
    for name in _imported():
        del sys.modules[name]
    sys.modules.update(ours)


def test_nothing_needs_what_only_unix_has(without_unix, called, text_file: Path, tmp_path: Path):
    run = tmp_path / "run"
    shape = ("--block-size", 8, "--n-layer", 1, "--n-head", 1, "--n-embd", 8)
    steps = ("--max-iters", 2, "--warmup-iters", 0, "--eval-interval", 1, "--eval-iters", 1, "--no-compile")
    trained = called(ROOT / "train.py", "--data", text_file, "--out", run, "--device", "cpu", *shape, *steps)
    assert trained.returncode == 0, trained.stderr
    importlib.import_module("tinygpt.commands.generate")
    importlib.import_module("tinygpt.ui.launch")


def test_text_files_are_opened_with_an_encoding():
    """Without one, Windows reads and writes them in the code page of its language."""
    sources = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in SOURCES}
    found = {name: list(_opened_without_encoding(source)) for name, source in sources.items()}
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize("program", [*SCRIPTS, "tinygpt"], ids=["app.py", "train.py", "tinygpt"])
def test_help_is_ascii_which_every_console_can_print(called, program: Path | str):
    help = called(program, "--help")
    assert help.returncode == 0
    assert help.stdout.isascii()


def _imported() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "tinygpt"]


def _opened_without_encoding(source: str) -> Iterator[str]:
    """The calls in a module that open, read or write a text file in the encoding of the system."""
    if not re.search(r"open\(|_text\(", source):  # parsing takes longer
        return
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and "encoding" not in {keyword.arg for keyword in call.keywords}:
            function = ast.unparse(call.func)
            # Without arguments it is the open() of something else than a file, as a file's would name the encoding.
            opens = (
                re.fullmatch(r"(.+\.)?open", function)
                and function not in ("os.open", "Image.open")
                and (call.args or call.keywords)
            )
            binary = any(isinstance(mode, ast.Constant) and mode.value in ("rb", "wb", "ab") for mode in call.args)
            if (opens and not binary) or function.endswith((".read_text", ".write_text")):
                yield ast.unparse(call)
