"""tinygpt: writing in the terminal, most of it as a real process."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.ci import ONLY_IN_CI
from tests.server import ROOT
from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.output import format_output
from tinygpt.request import bounds

CPU = ("tinygpt", "--device", "cpu")
TINYGPT = ("-m", *CPU)


@pytest.fixture(scope="module", autouse=True)
def compiled(weights) -> None:
    """The machine code is cached, so that no start reports that it has to be compiled."""
    open_checkpoint(weights)


@pytest.fixture
def expected(build, tokenizer):
    """expected(prompt, seed=...): what the terminal shows of the saved tiny model."""

    def written(prompt: str, **settings) -> str:
        return prompt + "".join(stream(build(), tokenizer, prompt, SampleConfig(**settings))) + "\n"

    return written


def reported_seed(err: str) -> int:
    return int(re.search(r"seed (\d+)\]$", err.strip())[1])


def test_a_prompt_given_by_flag_is_continued_and_its_seed_gives_the_text_again(run, called, weights, expected):
    arguments = ("--weights", weights, "--prompt", "My bread", "--length", 40)
    first = run(*TINYGPT, *arguments)
    seed = reported_seed(first.stderr)
    assert (first.returncode, first.stdout) == (0, expected("My bread", max_new_tokens=40, seed=seed))
    assert re.search(
        rf"^\[40 characters · \d+\.\d s · [\d,]+ per second · seed {seed}\]\n$", first.stderr, re.MULTILINE
    )
    assert called(*CPU, *arguments, "--seed", seed).stdout == first.stdout
    other = called(*CPU, *arguments)
    assert other.stdout != first.stdout
    assert reported_seed(other.stderr) != seed


def test_a_piped_prompt_is_continued_with_notes_apart_from_the_text(run, weights, expected, tmp_path):
    output = tmp_path / "output.txt"
    settings = {"seed": 2**64 - 1, "temperature": 1.5, "top_k": 5, "top_p": 0.9, "stop": "qqq"}
    flags = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", value)]
    ended = run(
        *(*TINYGPT, "--weights", weights, "--output", output, "--length", 30, *flags),
        piped="Don’t\r\nweep é\x00🙂\n",
    )
    prompt = "Don't\nweep e"
    shown = expected(prompt, max_new_tokens=30, **settings)
    assert (ended.returncode, ended.stdout) == (0, shown)
    assert "Changed line ends" in ended.stderr
    assert "Changed ’ to ', é to e." in ended.stderr
    assert "Removed U+0000, 🙂" in ended.stderr
    assert "The model sees the last 8 characters" in ended.stderr
    assert output.read_text(encoding="utf-8") == format_output(prompt, shown.removeprefix(prompt).removesuffix("\n"))


def test_without_a_prompt_the_text_starts_on_a_new_line(called, weights, expected):
    ended = called(*CPU, "--weights", weights, "--length", 20, "--seed", 1)
    assert ended.stdout == expected("\n", max_new_tokens=20, seed=1).removeprefix("\n")
    assert "starts on a new line" in ended.stderr


def test_beams_show_their_last_word_only(called, weights, expected):
    ended = called(*CPU, "--weights", weights, "--prompt", "My", "--length", 20, "--beam-width", 1)
    assert (ended.returncode, ended.stdout) == (0, expected("My", max_new_tokens=20, temperature=0))
    assert "seed" not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--length", bounds("length").high + 1), f"--length must be a whole number {bounds('length')}, not "),
        (("--top-k", "100"), "--top-k must be at most"),
        (("--weights", "."), "model.safetensors does not exist: train it"),
        (("--weights", "no/where/to/be/found"), "no/where/to/be/found"),
        (("--device", "abacus"), "argument --device: invalid choice: 'abacus'"),
    ],
    ids=lambda value: None if isinstance(value, str) else value[0],
)
def test_a_mistake_is_one_line_and_a_failure(called, weights, flags, complaint, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ended = called(*CPU, "--weights", weights, *flags)
    assert ended.returncode in (1, 2)
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_broken_weights_are_one_line_and_a_failure(run, weights, tmp_path):
    broken = shutil.copytree(weights, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"<html>")
    ended = run(*TINYGPT, "--weights", broken)
    assert (ended.returncode, ended.stdout) == (1, "")
    complaint = "is a web page, not weights: download the file again"
    assert ended.stderr == f"python -m tinygpt: {broken / 'model.safetensors'} {complaint}\n"


def test_a_mistake_is_refused_before_a_piped_prompt_is_waited_for(start, weights):
    process = start(*TINYGPT, "--weights", weights, "--temperature", "9")  # nobody closes the pipe
    assert process.wait(timeout=60) == 1
    assert "--temperature must be" in process.stderr.read()


def test_an_output_that_cannot_be_written_is_refused_before_anything_is(called, weights, tmp_path):
    for place in (tmp_path, tmp_path / "no" / "where.txt", ""):
        ended = called(*CPU, "--weights", weights, "--prompt", "My", "--output", place)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"tinygpt: {place or '.'} cannot be written (")
        assert ended.stderr.count("\n") == 1


def test_bytes_that_are_no_text_are_refused_with_the_encoding_that_is_meant(run, called, weights):
    sentence = "is not in UTF-8, it holds the byte 0x{}: convert it, for example with `iconv -f ENCODING -t UTF-8`\n"
    ended = run(*TINYGPT, "--weights", weights, piped="My br\udce9ad")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "python -m tinygpt: the piped prompt " + sentence.format("E9")
    for flag in ("--prompt", "--stop"):
        ended = called(*CPU, "--weights", weights, flag, "\udcff\udcfe")  # how Python gives bytes of a command line
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == f"tinygpt: {flag} " + sentence.format("FF")


def test_a_pipe_that_does_not_end_is_refused_once_it_is_too_long(start, weights):
    process = start(*TINYGPT, "--weights", weights)
    process.stdin.write("y\n" * 5_001)  # and it stays open
    process.stdin.flush()
    assert process.wait(timeout=60) == 1
    assert process.stderr.read().endswith("must be a text of at most 10,000 characters: more were piped\n")


def test_a_new_line_can_be_typed_as_two_characters_and_the_help_says_so(called, weights, expected):
    flags = ("--length", 60, "--seed", 5, "--prompt", r"My\nbread", "--stop", r"\n")
    shown = called(*CPU, "--weights", weights, *flags).stdout
    assert shown == expected("My\nbread", max_new_tokens=60, seed=5, stop="\n")
    assert shown != expected("My\nbread", max_new_tokens=60, seed=5)
    assert r"In --prompt and --stop, \n is a new line." in called(*CPU, "--help").stdout


def test_a_stop_text_that_the_model_cannot_write_is_refused(called, weights):
    ended = called(*CPU, "--weights", weights, "--prompt", "My", "--stop", "END🙂")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "tinygpt: --stop must be a text that the model can write: it does not know 🙂\n"


def beginning(process: subprocess.Popen) -> str:
    """The first 20 characters that it prints, and no more: it still waits for a reader of the others."""
    read = b""
    while len(read) < 20:
        piece = os.read(process.stdout.fileno(), 20 - len(read))
        assert piece, "it ended before it had printed 20 characters"
        read += piece
    return read.decode()


def test_a_reader_that_has_seen_enough_ends_it_quietly(start, weights, expected):
    process = start(*TINYGPT, "--weights", weights, "--prompt", "My", "--length", 5000, "--seed", 1)
    assert beginning(process) == expected("My", max_new_tokens=18, seed=1).removesuffix("\n")
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    assert process.stderr.read() == ""


def test_a_reader_that_has_seen_enough_of_both_streams_ends_it_quietly(called, weights, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    for name in ("stdout", "stderr"):  # as in `tinygpt 2>&1 | head`
        monkeypatch.setattr(sys, name, os.fdopen(os.dup(writer), "w"))
    assert called(*CPU, "--weights", weights, "--length", 20).returncode == 0
    for written in (sys.stdout, sys.stderr):
        written.close()  # as when Python ends: nothing is left that would make it fail
    os.close(writer)


@pytest.mark.skipif(os.name == "nt", reason="on Windows, Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_ends_the_text_early_and_keeps_what_was_written(start, tmp_path):
    output = tmp_path / "output.txt"
    flags = ("--prompt", "My", "--length", 5000, "--seed", 1, "--output", output)
    process = start(*TINYGPT, *flags)  # with the shipped weights, which take their time
    first = beginning(process)  # it is shown while it grows; more than the pipe holds is still to come
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=120)
    shown = first + rest
    assert process.returncode == 0
    assert "Stopped." in err
    assert "Traceback" not in err
    assert 20 < len(shown) < 5000
    settings = SampleConfig(max_new_tokens=len(shown) - len("My\n"), seed=1)
    assert shown == "My" + "".join(stream(*open_checkpoint(ROOT / "weights"), "My", settings)) + "\n"
    assert output.read_text(encoding="utf-8") == format_output("My", shown.removeprefix("My").removesuffix("\n"))


@pytest.fixture
def new_machine(tmp_path, monkeypatch) -> None:
    """Nothing has been compiled yet."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))


@ONLY_IN_CI
def test_on_a_new_machine_torch_begins_the_text_and_the_next_start_is_fast(new_machine, run):
    arguments = ("-m", "tinygpt", "--prompt", "ROMEO:", "--length", 300, "--seed", 1)
    first, second = run(*arguments), run(*arguments)
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stderr.startswith("Compiling for this machine, which takes up to a minute; torch writes meanwhile")
    assert "Still compiling, so that the next start is fast" in first.stderr
    assert second.stderr.startswith("[300 characters")
    assert first.stdout == second.stdout
