"""training/cli.py and progress_bar.py, by train.py: a whole run, Ctrl-C, kill, --resume, and what it refuses."""

import importlib.util
import json
import math
import os
import re
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.ci import needed
from tests.runs import TINY, TRAIN, assert_same_run, files, finished, metrics
from tests.server import ROOT
from tinygpt import Trainer, load_checkpoint, load_dataset
from tinygpt.checkpoint.reading import METRICS, read_facts
from tinygpt.training import progress_bar
from tinygpt.training.divergence import DivergenceError
from tinygpt.training.state import read_state, saved_run
from tinygpt.training.trainer import Progress


def assert_one_line(err: str, complaint: str) -> None:
    assert "Traceback" not in err
    assert err.count("\n") == 1
    assert err.startswith("train.py: ")
    assert complaint in err


def test_a_run_saves_weights_and_a_sample_and_is_not_overwritten(called, text_file, tmp_path):
    flags = (*TINY, "--max-iters", 20, "--eval-interval", 10, "--publish", "last")
    flags += ("--data", text_file, "--out", tmp_path)
    ended = called(TRAIN, *flags)
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

    before = files(tmp_path)
    refused = called(TRAIN, *flags)
    assert refused.returncode == 1
    already = f"{tmp_path} already holds a run: resume it, or choose another folder (--resume or --out)"
    assert_one_line(refused.stderr, already)
    assert files(tmp_path) == before


def test_a_folder_with_other_weights_is_refused_naming_them_and_left_as_it_was(called, weights, tmp_path):
    folder = shutil.copytree(weights, tmp_path / "weights")
    refused = called(TRAIN, *TINY, "--out", folder)
    assert refused.returncode == 1
    assert_one_line(
        refused.stderr, "already holds model.safetensors, config.json: choose another folder for the run (--out)"
    )
    assert files(folder) == files(weights)
    assert len([*folder.iterdir()]) == 2


@pytest.fixture
def running(start, text_file, tmp_path) -> Callable:
    """running() starts a long run in tmp_path / "run": its process, after the first evaluation, and what it printed."""

    def begin() -> tuple:
        flags = ("--max-iters", 100_000, "--eval-interval", 1, "--data", text_file, "--out", tmp_path / "run")
        process = start(TRAIN, *TINY, *flags)
        return process, process.stdout.readline()

    return begin


@pytest.fixture
def whole(text_file, tmp_path) -> Callable:
    """whole(folder) trains as the run in `folder` was, without a stop. Returns the folder of that."""

    def train(folder: Path) -> Path:
        run, dataset = saved_run(folder), load_dataset(text_file)
        names = {"preset": run.preset, "source": run.source, "dtype": run.precision}
        trainer = finished(Trainer(run.model, run.training, dataset, tmp_path / "whole", **names))
        trainer.finish()
        return trainer.folder

    return train


@pytest.mark.skipif(os.name == "nt", reason="on Windows, Ctrl-C cannot be sent to one process alone")
def test_ctrl_c_saves_and_prints_how_to_resume_and_resuming_ends_as_if_not_stopped(
    running, whole, called, text_file, tmp_path
):
    process, first = running()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    folder = tmp_path / "run"
    stopped = r"^Stopped at step (\d+) and saved\. To resume: python train\.py (.*)$"
    step, command = re.search(stopped, first + out, re.MULTILINE).groups()
    step = int(step)
    assert read_state(folder)[1]["step"] == step
    assert saved_run(folder).source == [str(text_file)]
    load_checkpoint(folder)

    changed = called(TRAIN, "--resume", "--out", folder, "--data", text_file, "--device", "cpu", "--learning-rate", 0.5)
    assert changed.returncode == 1
    assert_one_line(changed.stderr, "--learning-rate was 0.001 in the saved run and is 0.5 now")

    ended = called(TRAIN, *shlex.split(command), "--max-iters", step + 3)
    assert ended.returncode == 0, ended.stderr
    assert f"The run ends at step {step + 3:,} instead of 100,000. The learning rate does not depend on" in ended.stdout
    assert "Validation loss" in ended.stdout
    assert_same_run(folder, whole(folder))


def test_a_killed_run_can_be_resumed_and_until_then_its_folder_is_locked(running, whole, called, tmp_path):
    process, _ = running()
    folder = tmp_path / "run"
    second = called(TRAIN, "--resume", "--out", folder)
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1].startswith(f"train.py: another training is writing to {folder}: wait for its")
    process.kill()
    process.communicate()
    step = read_state(folder)[1]["step"]
    ended = called(TRAIN, "--resume", "--out", folder, "--max-iters", step + 3)
    assert ended.returncode == 0, ended.stderr
    assert [row["step"] for row in metrics(folder)] == [*range(1, step + 4)]
    assert_same_run(folder, whole(folder))


def test_a_finished_run_can_be_made_longer_and_what_the_learning_rate_does_is_printed(called, text_file, tmp_path):
    flags = ("--decay", "linear", "--min-lr-ratio", 0.1, "--eval-interval", 4, "--data", text_file, "--out", tmp_path)
    called(TRAIN, *TINY, *flags, "--max-iters", 4)
    longer = called(TRAIN, "--resume", "--out", tmp_path, "--max-iters", 8)
    assert longer.returncode == 0, longer.stderr
    assert (
        "The run ends at step 8 instead of 4. The learning rate goes on as in a run of 8 steps: from 0.325 of its "
        "highest at step 4 to 0.550 at the next, and falls to 0.100 at the end.\n"
    ) in longer.stdout
    assert read_facts(tmp_path)["steps"] == 8
    shorter = called(TRAIN, "--resume", "--out", tmp_path, "--max-iters", 8 - 1)
    assert shorter.returncode == 1
    assert_one_line(shorter.stderr, "--max-iters must be more than the 8 steps that the saved run has made, not 7")


def test_a_text_that_is_gone_or_changed_is_named_when_a_run_is_resumed(called, text, tmp_path):
    source, copy = tmp_path / "play.txt", tmp_path / "copy.txt"
    for path in (source, copy):
        path.write_text(text, encoding="utf-8")
    called(TRAIN, *TINY, "--max-iters", 2, "--eval-interval", 2, "--data", source, "--out", tmp_path / "run")
    resume = (TRAIN, "--resume", "--out", tmp_path / "run")
    source.unlink()
    gone = called(*resume).stderr
    assert_one_line(gone, str(source))
    assert "or name a copy of the text that the run learns with --data" in gone
    source.write_text(text[:-1], encoding="utf-8")
    assert_one_line(called(*resume).stderr, f"{source} is not the one that the saved run learns: resume with the same")
    assert called(*resume, "--data", copy).returncode == 0


def test_tracking_without_trackio_is_refused_before_training(called, text_file, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trackio" else found(name))
    ended = called(TRAIN, *TINY, "--track", "plays", "--data", text_file, "--out", tmp_path / "run")
    assert ended.returncode == 1
    development = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    requirement = next(line for line in development if line.startswith("trackio"))
    assert_one_line(ended.stderr, f'--track needs trackio, which is not installed: pip install "{requirement}"')
    assert not (tmp_path / "run").exists()


def test_every_evaluation_is_logged_to_trackio(called, text_file, tmp_path, monkeypatch):
    needed("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    flags = ("--max-iters", 4, "--eval-interval", 2, "--data", text_file, "--out", tmp_path / "run")
    ended = called(TRAIN, *TINY, *flags, "--track", "plays")
    assert ended.returncode == 0, ended.stderr
    query = ("get", "metric", "--project", "plays", "--run", tmp_path / "run", "--metric", "validation_loss")
    shown = called("trackio.cli", *query).stdout
    assert re.findall(r"^(\d+) \|", shown, re.MULTILINE) == ["2", "4"]
    rows = [json.loads(row) for row in (tmp_path / "run" / METRICS).read_text().splitlines()]
    assert all(str(row["validation_loss"]) in shown for row in rows)  # and metrics.jsonl has them as well


@pytest.mark.parametrize("failing", ["trainer", "console"])
def test_what_was_logged_to_trackio_is_kept_when_a_run_fails(train, called, tmp_path, monkeypatch, failing):
    trackio = needed("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    trainer = train(tmp_path / "run")
    run, error = trainer.run, DivergenceError(math.nan, 3, tmp_path) if failing == "trainer" else KeyboardInterrupt()

    def fail_after_the_first_evaluation() -> Iterator[Progress]:
        for progress in run():
            yield progress
            if failing == "trainer" and progress.losses:
                raise error

    def show(progress: Progress, *_: object) -> None:
        if failing == "console" and progress.losses:
            raise error

    trainer.run = fail_after_the_first_evaluation
    monkeypatch.setattr(progress_bar, "_show", show)
    with pytest.raises(type(error)):
        progress_bar.run_with_progress_bar(trainer, "plays")
    assert trackio.context_vars.current_run.get() is None  # what sends it has ended
    query = ("get", "metric", "--project", "plays", "--run", tmp_path / "run", "--metric", "validation_loss")
    assert re.findall(r"^(\d+) \|", called("trackio.cli", *query).stdout, re.MULTILINE) == ["2"]


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
        r"^train\.py: the loss became \w+ at step \d+; .* is kept in .*run; start again with a lower learning rate, in",
        last,
    )
    tensors, facts = read_state(tmp_path / "run")
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
