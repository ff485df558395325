"""training/cli.py: what train.py prints at the end of a run, on any console and in which order."""

import io
import sys
from collections.abc import Callable

import pytest

from tests.ci import needed
from tests.runs import TINY, TRAIN
from tinygpt.commands import train
from tinygpt.training.run_folder import OUTPUT


@pytest.fixture
def console(monkeypatch) -> Callable:
    """console("ascii") lets standard output be one of that encoding. Returns a function that tells what was printed."""

    def open_console(encoding: str) -> Callable[[], str]:
        buffer = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding=encoding))
        return lambda: buffer.getvalue().decode(encoding)

    return open_console


SCRIPTS = {  # the letters of a text, and the encoding of a console
    "Hebrew": ("שלום עולם,\n", "cp1252"),
    "without line ends": ("abcdef. ", "ascii"),
    "without line ends or Latin letters": ("一二三四五", "cp1252"),
    "control characters, beyond the first plane": ("\x01\x02ab\u2028𝄞𝄢😀\n", "ascii"),
}


@pytest.mark.parametrize(("letters", "encoding"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_vocabulary_that_the_console_lacks_does_not_make_a_run_fail(called, console, tmp_path, letters, encoding):
    source, printed = tmp_path / "text.txt", console(encoding)
    source.write_text("".join(letters[i * i % 7 % len(letters)] for i in range(600)) + letters, encoding="utf-8")
    flags = ("--max-iters", 2, "--eval-interval", 2, "--data", source, "--out", tmp_path / "run")
    ended = called(TRAIN, *TINY, *flags)
    assert ended.returncode == 0, ended.stderr
    sample = (tmp_path / "run" / OUTPUT).read_text(encoding="utf-8")
    assert sample.encode(encoding, "replace").decode(encoding).split() == printed()[-len(sample) - 1 :].split()


@pytest.mark.parametrize("broken", [False, True], ids=["", "the sample fails"])
def test_where_the_weights_are_is_printed_first_then_they_are_pushed_then_comes_the_sample(
    called, text_file, tmp_path, monkeypatch, capsys, broken
):
    needed("huggingface_hub")
    folder, pushed = tmp_path / "run", []

    def push(*arguments: object, **options: bool) -> str:
        pushed.append((arguments, capsys.readouterr().out))
        if broken:
            (folder / OUTPUT).mkdir()
        return "https://huggingface.co/me/mine"

    monkeypatch.setattr(train, "push", push)
    flags = ("--max-iters", 2, "--eval-interval", 2, "--data", text_file, "--out", folder)
    ended = called(TRAIN, *TINY, *flags, "--push-to-hub", "me/mine")
    assert ended.returncode == 0
    [(arguments, before)] = pushed
    assert arguments == (folder, "me/mine")
    assert f"The weights are in {folder}." in before
    assert "CONTINUATION" not in before
    assert "Pushed to https://huggingface.co/me/mine" in ended.stdout
    assert ("CONTINUATION" in ended.stdout) != broken
    assert ("train.py: the weights are saved, but no sample of them" in ended.stderr) == broken
