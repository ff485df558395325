"""system/shell.py: commands to copy, quoted, and in the way in which the process that prints them was started."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT
from tinygpt.system import shell
from tinygpt.system.shell import command_line, own_command, program

ODD = ["a b", "it's", 'say "so"', "$HOME", "`id`", "a;b&c|d", "*.json*", "é\n", "\\", "", "-x", "~", "#", "!!"]


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_command_to_copy_gives_a_shell_the_arguments_as_they_are():
    copied = command_line("printf", r"%s\0", *ODD, Path("my runs", "$1"), 2)
    done = subprocess.run(["sh", "-c", copied], capture_output=True, text=True, check=True)
    assert done.stdout.split("\0") == [*ODD, "my runs/$1", "2", ""]
    assert shlex.split(copied)[2:] == [*ODD, "my runs/$1", "2"]


def test_a_command_is_as_one_would_type_it():
    plain = ("python", "train.py", "--resume", "--out", "runs/page-1")
    assert command_line(*plain) == " ".join(plain)


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        (r"C:\my runs\it's", r""" "C:\my runs\it's" """.strip()),
        ("R&D", '"R&D"'),
        ("a^b", '"a^b"'),
        ("100%", '"100%"'),
        ("a|b<c>d", '"a|b<c>d"'),
        ("a;b,c(d)", '"a;b,c(d)"'),
        ("", '""'),
        (r"C:\plain\path_1.txt", r"C:\plain\path_1.txt"),
        ("C:\\my runs\\", '"C:\\my runs\\\\"'),
        ('say "so"', r'"say \"so\""'),
        ('\\"', r'"\\\""'),
    ],
)
def test_on_windows_what_a_shell_would_give_a_meaning_to_is_quoted(monkeypatch, argument: str, quoted: str):
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        shown = command_line("--out", argument)
    assert shown == f"--out {quoted}"


IN_A_COPY = ("python -m tinygpt", "python app.py", "python train.py")
INSTALLED = ("tinygpt", "tinygpt app", "tinygpt train")
ANYWHERE = ("python -m tinygpt", "python -m tinygpt app", "python -m tinygpt train")


@pytest.mark.parametrize(
    ("started", "commands"),
    [
        (ROOT / "app.py", IN_A_COPY),
        (ROOT / "train.py", IN_A_COPY),
        ("train.py", IN_A_COPY),
        ("/home/me/.venv/bin/tinygpt", INSTALLED),
        (ROOT / "tinygpt" / "__main__.py", ANYWHERE),
        ("/home/me/app.py", ANYWHERE),  # somebody else's
        ("", ANYWHERE),
    ],
    ids=str,
)
def test_commands_are_called_as_this_process_was(monkeypatch, started: str | Path, commands: tuple):
    monkeypatch.chdir(ROOT)  # which "train.py" alone is a file of
    monkeypatch.setattr(sys, "argv", [str(started), "--flag"])
    names = ("", "app", "train")
    assert tuple(own_command(name) for name in names) == commands
    assert [program(name) for name in names] == [re.sub(r"^python (\w+\.py)", r"\1", command) for command in commands]
    assert own_command("train", "--out", "my runs") == f"{commands[2]} --out {command_line('my runs')}"


def test_torchrun_starts_several_processes_of_a_script_or_of_the_package(monkeypatch):
    for started, rest in (
        (ROOT / "train.py", "train.py"),
        (ROOT / "tinygpt" / "__main__.py", "-m tinygpt train"),
        ("/usr/bin/tinygpt", "-m tinygpt train"),
    ):
        monkeypatch.setattr(sys, "argv", [str(started)])
        assert own_command("train", "--resume", processes=2) == f"torchrun --nproc_per_node=2 {rest} --resume"


def test_a_script_that_is_not_there_is_not_named_as_train_py_on_a_space(monkeypatch, tmp_path: Path):
    (tmp_path / "app.py").touch()
    monkeypatch.setattr(shell, "_SCRIPTS", tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "app.py")])
    assert own_command("app", "--train") == "python app.py --train"
    assert own_command("train", "--data", "my.txt") == "python -m tinygpt train --data my.txt"
    assert program("hub") == "python -m tinygpt hub"
