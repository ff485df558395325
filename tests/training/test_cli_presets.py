"""What train.py makes of a preset, a text and flags."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.runs import TRAIN
from tinygpt.checkpoint.reading import read_facts
from tinygpt.training.cli import build_trainer, parse, run_start
from tinygpt.training.trainer import Trainer


@pytest.fixture
def trainer(text_file: Path, tmp_path: Path) -> Callable[..., Trainer]:
    """trainer("quick", "--max-iters", 5) is what would train with these flags on a short text."""

    def build(preset: str, *flags: object) -> Trainer:
        arguments = ("--preset", preset, "--data", text_file, "--out", tmp_path / "run", "--no-compile", *flags)
        args = parse([str(argument) for argument in arguments])
        return build_trainer(args, *run_start(args), torch.device("cpu"))

    return build


def test_the_warm_up_of_a_preset_is_at_most_a_tenth_of_a_shorter_run(trainer):
    assert trainer("quick").config.warmup_iters == 10
    assert [trainer("quick", "--max-iters", steps).config.warmup_iters for steps in (1, 5, 30, 200)] == [0, 0, 3, 10]
    assert trainer("quick", "--max-iters", 30, "--warmup-iters", 20).config.warmup_iters == 20  # as it was asked for


@pytest.mark.parametrize("preset", ["default", "teacher"])
def test_there_is_dropout_if_the_text_is_read_often_unless_another_is_asked_for(trainer, capsys, preset):
    assert trainer(preset).model.config.dropout == 0.15
    said = "Dropout is 0.15, because this run reads its text often. --dropout sets another.\n"
    assert capsys.readouterr().out == said
    assert trainer(preset, "--dropout", 0.1).model.config.dropout == 0.1
    assert trainer(preset, "--dropout", 0).model.config.dropout == 0
    assert trainer(preset, "--max-iters", 1).model.config.dropout == 0
    assert capsys.readouterr().out == ""


def test_a_resumed_run_keeps_its_dropout_however_long_it_becomes(called, text_file, tmp_path):
    tiny = ("--block-size", 8, "--n-layer", 1, "--n-head", 1, "--n-embd", 8, "--batch-size", 16, "--no-compile")
    called(TRAIN, *tiny, "--max-iters", 300, "--eval-interval", 300, "--data", text_file, "--out", tmp_path / "run")
    assert read_facts(tmp_path / "run")["model"]["dropout"] == 0
    longer = called(TRAIN, "--resume", "--max-iters", 600, "--out", tmp_path / "run")
    assert longer.returncode == 0, longer.stderr
    assert "Dropout is" not in longer.stdout
    assert read_facts(tmp_path / "run")["model"]["dropout"] == 0
