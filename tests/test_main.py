"""The first argument says which command is meant, and each is called what the user called it."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.server import ROOT
from tinygpt.__main__ import main

COMMANDS = {
    "tinygpt.ui.launch": ["app"],
    "tinygpt.commands.train": ["train"],
    "tinygpt.hub.__main__": ["hub"],
    "tinygpt.export.__main__": ["export"],
    "tinygpt.commands.generate": [],
}


def test_the_help_of_the_terminal_names_the_other_commands(called):
    help = " ".join(called("tinygpt", "--help").stdout.split())
    assert "`tinygpt app` opens the page in the browser, `tinygpt train` trains a model" in help
    assert "`tinygpt hub` publishes one, `tinygpt export` writes it for other tools" in help
    assert "With app, train, hub or export as the first argument" in help
    assert "push" in called("tinygpt", "hub", "--help").stdout
    assert "onnx" in called("tinygpt", "export", "--help").stdout
    assert "--no-browser" in called("tinygpt", "app", "--help").stdout
    assert "--max-iters" in called("tinygpt", "train", "--help").stdout


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["tinygpt"], "tinygpt"),
        (["tinygpt", "app"], "tinygpt app"),
        (["tinygpt", "train"], "tinygpt train"),
        ([ROOT / "app.py"], "app.py"),
        ([ROOT / "train.py"], "train.py"),
    ],
    ids=str,
)
def test_help_and_errors_name_the_command_as_it_was_called(called, command: list, name: str):
    assert called(*command, "--help").stdout.startswith(f"usage: {name} [-h]")
    mistake = called(*command, "--nonsense")
    assert mistake.returncode == 2
    assert mistake.stderr == f"{name}: unrecognized arguments: --nonsense; --help lists the flags\n"
    refused = called(*command, "--data" if "train" in name else "--weights", "nowhere")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{name}: ")
    assert "nowhere" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (["hub", "push", "nowhere", "ann/gpt", "--dry-run"], "nowhere"),
        (["export", "onnx", "ann/gpt", "out"], "`hf download ann/gpt --local-dir gpt`"),
    ],
    ids=["hub", "export"],
)
def test_what_publishes_and_exports_is_a_command_and_still_a_module(called, arguments: list[str], refused: str):
    command, *rest = arguments
    for start, name in (("tinygpt", f"tinygpt {command}"), (f"tinygpt.{command}", f"tinygpt.{command}")):
        words = [command] if start == "tinygpt" else []
        usage = called(start, *words, "--help").stdout
        assert usage.startswith(f"usage: {name} [-h]" if words else f"usage: python -m {name} [-h]")
        mistake = called(start, *words, *rest)
        assert mistake.returncode == 1
        assert mistake.stderr.startswith(f"{name}: ")
        assert refused in mistake.stderr
        assert mistake.stderr.count("\n") == 1


def test_a_module_is_called_as_one(run):
    mistake = run("-m", "tinygpt", "app", "--port", "0")
    assert mistake.returncode == 2
    assert mistake.stderr.startswith("python -m tinygpt app: argument --port")


def test_only_the_first_argument_names_a_command(called, weights: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = called(
        "tinygpt", "--prompt", "app", "--output", "train", "--weights", weights, "--device", "cpu", "--length", 3
    )
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("app")
    assert Path("train").read_text(encoding="utf-8").startswith("---- PROMPT")


@pytest.mark.parametrize(("module", "arguments"), COMMANDS.items(), ids=COMMANDS)
def test_ctrl_c_before_a_command_has_begun_is_quiet(monkeypatch, module: str, arguments: list[str]):
    def press_it(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module(module), "main", press_it)
    with pytest.raises((SystemExit, KeyboardInterrupt)) as ended:
        main(arguments)
    assert ended.value.args == (130,)
