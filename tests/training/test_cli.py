"""training/cli.py and progress_bar.py, by train.py: a whole run, Ctrl-C, --resume, and what it refuses."""

import importlib.util
import json
import os
import re
import shlex
import signal
from pathlib import Path

import pytest
import torch

from tinygpt import Trainer, load_checkpoint, load_dataset
from tinygpt.checkpoint.reading import METRICS, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import load_tensors
from tinygpt.training.state import STATE, saved_run

TRAIN = Path(__file__).parents[2] / "train.py"
TINY = (
    *("--preset", "little-shakespeare", "--device", "cpu", "--dtype", "float32"),
    *("--block-size", 8, "--n-layer", 1, "--n-head", 2, "--n-embd", 16),
    *("--batch-size", 4, "--eval-iters", 1),
)


def assert_one_line(err: str, complaint: str) -> None:
    assert "Traceback" not in err
    assert err.count("\n") == 1
    assert err.startswith("train.py: ")
    assert complaint in err


def test_a_run_saves_weights_and_a_sample_and_is_not_overwritten(run, called, text_file, tmp_path):
    flags = (*TINY, "--max-iters", 20, "--eval-interval", 10, "--publish", "last")
    flags += ("--data", text_file, "--out", tmp_path)
    ended = run(TRAIN, *flags)
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"step +10   train \d\.\d{4}   validation \d\.\d{4}\n", ended.stdout)
    assert re.search(
        r"Validation loss: \d\.\d{4} nats \(\d\.\d{4} bits\) per character, .* in blocks of 8", ended.stdout
    )
    assert f"python app.py --weights {tmp_path}" in ended.stdout
    sample = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert sample in ended.stdout
    assert sample.count("----") > 2
    facts = read_facts(tmp_path)
    assert (facts["preset"], facts["steps"], facts["publish"]) == ("little-shakespeare", 20, "last")
    assert f"{facts['validation_loss']:.4f} nats" in ended.stdout
    assert load_checkpoint(tmp_path)[0].config.n_embd == 16

    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    refused = called(TRAIN, *flags)
    assert refused.returncode == 1
    assert_one_line(refused.stderr, f"{tmp_path} already holds a run: add --resume to continue it")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.fixture
def stopped(start, text_file, tmp_path):
    """A run that was stopped by Ctrl-C after its first evaluation: its folder, and what it printed."""
    if os.name == "nt":
        pytest.skip("on Windows, Ctrl-C cannot be sent to one process alone")
    folder = tmp_path / "run"
    # It prints more than the pipe holds, so it cannot have ended when the signal arrives.
    flags = ("--max-iters", 120, "--eval-interval", 1, "--data", text_file, "--out", folder)
    process = start("-u", TRAIN, *TINY, *flags)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return folder, first + out


def test_ctrl_c_saves_and_prints_how_to_resume_and_resuming_ends_as_if_not_stopped(
    stopped, called, text_file, tmp_path
):
    folder, printed = stopped
    step, command = re.search(
        r"^Stopped at step (\d+) and saved\. To resume: python train\.py (.*)$", printed, re.MULTILINE
    ).groups()
    step = int(step)
    assert 1 <= step < 120
    assert load_tensors(folder / STATE)[1]["step"] == step
    load_checkpoint(folder)

    changed = called(TRAIN, "--resume", "--out", folder, "--data", text_file, "--device", "cpu", "--learning-rate", 0.5)
    assert changed.returncode == 1
    assert_one_line(changed.stderr, "--learning-rate was 0.001 in the saved run and is 0.5 now")

    ended = called(TRAIN, *shlex.split(command))
    assert ended.returncode == 0, ended.stderr
    assert "Validation loss" in ended.stdout

    saved = saved_run(folder)
    assert saved.source == [str(text_file)]
    dataset = load_dataset(text_file)
    whole = Trainer(
        saved.model, saved.training, dataset, tmp_path / "whole", preset=saved.preset, dtype=saved.precision
    )
    for _ in whole.run():
        pass
    assert (folder / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    rows, others = ((path / METRICS).read_text().count("\n") for path in (folder, tmp_path / "whole"))
    assert rows == others == 120


def test_sigterm_stops_a_run_as_ctrl_c_does(start, text_file, tmp_path):
    if os.name == "nt":
        pytest.skip("Windows ends a process without a signal")
    flags = ("--max-iters", 120, "--eval-interval", 1, "--data", text_file, "--out", tmp_path / "run")
    process = start("-u", TRAIN, *TINY, *flags)
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "To resume: python train.py --resume" in first + out


def test_tracking_without_trackio_is_refused_before_training(called, text_file, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trackio" else found(name))
    ended = called(TRAIN, *TINY, "--track", "plays", "--data", text_file, "--out", tmp_path / "run")
    assert ended.returncode == 1
    assert_one_line(ended.stderr, "--track needs trackio, which is not installed: pip install trackio")
    assert not (tmp_path / "run").exists()


def test_every_evaluation_is_logged_to_trackio(run, text_file, tmp_path):
    flags = ("--max-iters", 4, "--eval-interval", 2, "--data", text_file, "--out", tmp_path / "run")
    ended = run(TRAIN, *TINY, *flags, "--track", "plays")
    assert ended.returncode == 0, ended.stderr
    query = ("get", "metric", "--project", "plays", "--run", tmp_path / "run", "--metric", "validation_loss")
    shown = run("-m", "trackio.cli", *query).stdout
    assert re.findall(r"^(\d+) \|", shown, re.MULTILINE) == ["2", "4"]
    rows = [json.loads(row) for row in (tmp_path / "run" / METRICS).read_text().splitlines()]
    assert all(str(row["validation_loss"]) in shown for row in rows)  # and metrics.jsonl has them as well


def test_the_number_of_removed_characters_is_printed(called, text, text_file, tmp_path):
    (tmp_path / "again.txt").write_text(text, encoding="utf-8", newline="\n")
    data = ("--data", text_file, tmp_path / "again.txt")
    ended = called(TRAIN, *TINY, "--max-iters", 1, "--eval-interval", 1, *data, "--out", tmp_path / "run")
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"^Removed [\d,]+ characters of the training text", ended.stdout, re.MULTILINE)


def test_the_best_preset_without_teachers_is_refused(called, text_file, tmp_path):
    ended = called(
        TRAIN, "--preset", "best", "--no-compile", "--data", text_file, "--block-size", 8, "--out", tmp_path / "run"
    )
    assert ended.returncode == 1
    assert_one_line(ended.stderr, "--distill-weight of 1 needs teachers: name the folders of trained weights")


def test_a_diverging_run_fails_and_keeps_the_last_good_state(called, text_file, tmp_path):
    far_too_much = ("--learning-rate", 10, "--weight-decay", 1)  # the decay alone makes weights 9 times larger per step
    flags = ("--max-iters", 120, "--eval-interval", 1, "--data", text_file, "--out", tmp_path / "run")
    ended = called(TRAIN, *TINY, *flags, *far_too_much)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert re.search(
        r"^train\.py: the loss became \w+ at step \d+; .* is kept in .*run; start again with a lower learning rate$",
        last,
    )
    tensors, facts = load_tensors(tmp_path / "run" / STATE)
    assert facts["step"] >= 1
    assert all(torch.isfinite(tensor).all() for name, tensor in tensors.items() if name.startswith("model"))
    load_checkpoint(tmp_path / "run")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--data", "short.txt"), "the text is too short"),
        (("--data", "latin.txt"), "is not UTF-8 text"),
        (("--data", "absent.txt"), "absent.txt"),
        (("--n-head", "3"), "--n-head must divide n_embd: 3 does not divide 16"),
        (("--max-iters", "0"), "--max-iters must be a whole number from 1 to"),
        (("--max-iters", "5", "--warmup-iters", "6"), "--warmup-iters must be a whole number from 0 to 5, not 6"),
        (("--preset", "big"), "argument --preset: invalid choice: 'big'"),
        (("--resume",), "training_state.safetensors does not exist"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_is_one_line_and_a_failure(called, text_file, tmp_path, monkeypatch, flags, complaint):
    monkeypatch.chdir(tmp_path)
    Path("short.txt").write_text("too short a text")
    Path("latin.txt").write_bytes(b"caf\xe9")
    ended = called(TRAIN, *TINY, "--data", text_file, "--out", "run", *flags)
    assert ended.returncode in (1, 2)
    assert ended.stdout == ""
    assert_one_line(ended.stderr, complaint)
    assert not Path("run").exists()
