"""benchmarks/: each figure's command measures what it says, on any weights and text."""

import re
from pathlib import Path

import pytest

from tinygpt import evaluate_full, load_checkpoint
from tinygpt.ensemble import Ensemble
from tinygpt.evaluation import evaluate_sliding

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def beside_each_other(monkeypatch):
    """A script finds what lies in its folder."""
    monkeypatch.syspath_prepend(BENCHMARKS)


def printed(done, name: str) -> str:
    """What a command says in the line of that name."""
    assert done.returncode == 0, done.stderr
    return re.search(rf"^{name} +(.*)$", done.stdout, re.MULTILINE)[1]


@pytest.mark.parametrize("flags", [(), ("--stride", 2), ("--block-size", 4)], ids=str)
def test_a_loss_is_printed_under_its_own_name(called, weights, text_file, dataset, flags):
    done = called(BENCHMARKS / "loss.py", "--weights", weights, "--data", text_file, *flags)
    model, _ = load_checkpoint(weights)
    loss, name = {
        (): (evaluate_full(model, dataset.validation), "blocks as published"),
        ("--stride", 2): (evaluate_sliding(model, dataset.validation, 2), "sliding windows, each 2 characters on"),
        ("--block-size", 4): (evaluate_full(model, dataset.validation, 4), "with another context"),
    }[flags]
    assert printed(done, "loss") == f"{loss} ({name})"


def test_several_weights_are_measured_as_an_ensemble(called, weights, text_file, dataset):
    done = called(BENCHMARKS / "loss.py", "--weights", weights, weights, "--data", text_file)
    model, _ = load_checkpoint(weights)
    loss = evaluate_full(Ensemble([model, model]), dataset.validation)
    assert printed(done, "loss") == f"{loss} (of an ensemble of 2, blocks as published)"


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--stride", 9), "stride must be a whole number from 1 to 8, not 9"),
        (("--block-size", 9), "this model has learned 8 positions"),
        (("--data", __file__), "other characters"),
    ],
    ids=str,
)
def test_a_loss_that_cannot_be_measured_is_refused_in_one_line(called, weights, text_file, flags, complaint):
    done = called(BENCHMARKS / "loss.py", "--weights", weights, "--data", text_file, *flags)
    assert done.returncode == 1
    assert done.stderr.startswith("loss.py: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_memorisation_is_measured_in_what_the_model_writes(called, weights, text_file):
    flags = ("--weights", weights, "--data", text_file, "--characters", 300)
    done = called(BENCHMARKS / "memorised.py", *flags)
    assert printed(done, "written").startswith("300 characters at temperature 0.8, seeds 1 to 1")
    assert printed(done, "memorised").startswith("0.00 % of them")  # an untrained model knows nothing


def test_a_checkout_that_is_none_is_refused_before_anything_is_trained(called, tmp_path):
    done = called(BENCHMARKS / "train.py", "--nanogpt", tmp_path)
    assert done.returncode == 1
    assert "model.py does not exist: --nanogpt wants a checkout of nanoGPT" in done.stderr


def test_a_preset_that_does_not_exist_is_refused(called):
    done = called(BENCHMARKS / "presets.py", "huge")
    assert done.returncode == 1
    assert "there is no preset huge; there are default" in done.stderr


def test_the_sweep_is_shown_best_first_within_the_same_minutes(called):
    lines = called(BENCHMARKS / "sweep.py").stdout.splitlines()[1:]
    rows = [(float(line.split()[0]), float(line.split()[1])) for line in lines]
    assert rows
    assert rows == sorted(rows)


def test_decoding_is_timed_beside_the_other_ways_to_write(called, weights):
    done = called(BENCHMARKS / "decode.py", "--weights", weights, "--rounds", 1)
    assert done.returncode == 0, done.stderr
    for name in ("compiled", "torch, cached", "torch, plain loop, once", "two texts, two threads"):
        assert re.search(rf"^{name} +[\d,]+", done.stdout, re.MULTILINE), name


def test_many_texts_are_timed_together(called, weights):
    done = called(BENCHMARKS / "streams.py", "--weights", weights, "--streams", 3, "--length", 20)
    assert re.match(r"[\d,]+, [\d.]+ times one", printed(done, "3 texts together"))


def test_visitors_of_the_page_are_timed_and_all_served(called):
    done = called(BENCHMARKS / "visitors.py", "--visitors", 3, "--length", 20)
    assert printed(done, "3 at once, 20 characters each, all").startswith("served in")


def test_the_start_is_timed_beside_an_empty_page_s(called):
    done = called(BENCHMARKS / "startup.py", "--rounds", 1)
    assert re.match(r"[\d.]+ s, [\d.]+ times that", printed(done, "tinygpt's page"))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--rounds", 0), "rounds must be a whole number from 1 to 1,000, not 0"),
        (("--transformers",), "not beside a gpt of context 8"),
    ],
    ids=str,
)
def test_what_cannot_be_timed_is_refused_in_one_line(called, weights, flags, complaint):
    done = called(BENCHMARKS / "decode.py", "--weights", weights, *flags)
    assert done.returncode == 1
    assert done.stderr.startswith("decode.py: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
