"""benchmarks/: each command prints what it measures, on any weights and text. No test expects a time."""

import re

import pytest
import torch

from tests.benchmarks.outcome import assert_refused, printed
from tests.ci import ONLY_IN_CI
from tinygpt import evaluate_full, load_checkpoint
from tinygpt.training.distillation import Ensemble
from tinygpt.training.evaluation import evaluate_sliding

RATE = r"[\d,]+"


@pytest.mark.parametrize("flags", [(), ("--stride", 2), ("--block-size", 4)], ids=str)
def test_a_loss_is_printed_under_its_own_name(called, weights, text_file, dataset, flags):
    done = called("benchmarks.loss", "--weights", weights, "--data", text_file, *flags)
    model, _ = load_checkpoint(weights)
    loss, name = {
        (): (evaluate_full(model, dataset.validation), "blocks as published"),
        ("--stride", 2): (evaluate_sliding(model, dataset.validation, 2), "sliding windows with a stride of 2"),
        ("--block-size", 4): (evaluate_full(model, dataset.validation, 4), "with another context"),
    }[flags]
    assert printed(done, "loss") == f"{loss} ({name})"
    assert "torch" in printed(done, "machine")
    assert printed(done, "seed")


def test_several_weights_are_measured_as_an_ensemble(called, weights, text_file, dataset):
    done = called("benchmarks.loss", "--weights", weights, weights, "--data", text_file)
    model, _ = load_checkpoint(weights)
    loss = evaluate_full(Ensemble([model, model]), dataset.validation)
    assert printed(done, "loss") == f"{loss} (of an ensemble of 2, blocks as published)"


def test_a_text_that_was_not_trained_on_is_measured_whole_in_characters_that_the_model_knows(called, weights, tmp_path):
    model, tokenizer = load_checkpoint(weights)
    known = 3 * tokenizer.vocabulary
    (tmp_path / "other.txt").write_text(f"\u2603{known}\u2603", encoding="utf-8", newline="")
    done = called("benchmarks.loss", "--weights", weights, "--other-text", tmp_path / "other.txt")
    loss = evaluate_full(model, torch.tensor(tokenizer.encode(known)))
    assert printed(done, "loss") == f"{loss} (another text, blocks as published)"


def test_a_text_of_unknown_characters_has_no_loss(called, weights, tmp_path):
    (tmp_path / "other.txt").write_text("\u2603\u2603", encoding="utf-8")
    done = called("benchmarks.loss", "--weights", weights, "--other-text", tmp_path / "other.txt")
    assert_refused(done, "loss", "has fewer than two characters that the model knows")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--stride", 9), "--stride must be a whole number from 1 to 8, not 9"),
        (("--block-size", 9), "--block-size must be at most 8"),
        (("--data", __file__), "another vocabulary"),
    ],
    ids=str,
)
def test_a_loss_that_cannot_be_measured_is_refused_in_one_line(called, weights, text_file, flags, complaint):
    done = called("benchmarks.loss", "--weights", weights, "--data", text_file, *flags)
    assert_refused(done, "loss", complaint)


def test_memorization_is_measured_in_what_the_model_writes(called, weights, text_file):
    flags = ("--weights", weights, "--data", text_file, "--texts", 2, "--length", 150)
    done = called("benchmarks.memorization", *flags)
    assert printed(done, "seed") == "1 to 2"
    assert printed(done, "written") == "300 characters at temperature 0.8"
    assert printed(done, "memorized").startswith("0.00 % of them")  # an untrained model repeats nothing


def test_an_index_is_made_with_its_error_rate(called, text_file, text, tmp_path):
    done = called("benchmarks.memorization", "--data", text_file, "--index", tmp_path / "index.npy")
    assert printed(done, "index").startswith(f"{tmp_path / 'index.npy'}, ")
    assert re.match(r"for \d+ of [\d,]+ passages that it does not hold", printed(done, "wrong"))
    assert "can recover the training text" in done.stdout


@ONLY_IN_CI
def test_a_preset_is_trained_and_its_row_printed(called, text_file):
    done = called("benchmarks.presets", "quick", "--max-iters", 2, "--data", text_file)
    assert printed(done, "seed")
    assert re.fullmatch(r"[\d,]+ +2\* +\d\.\d{4} +64 +[\d,]+", printed(done, "quick"))


def test_a_preset_that_does_not_exist_is_refused(called):
    assert_refused(called("benchmarks.presets", "huge"), "presets", "there is no preset huge; there are default")


def test_the_sweep_is_shown_lowest_loss_first_among_equal_minutes(called):
    done = called("benchmarks.sweep")
    assert "cores" in printed(done, "machine")
    rows = [
        (float(minutes), float(loss)) for minutes, loss in re.findall(r"^ +([\d.]+)  (\d\.\d+) ", done.stdout, re.M)
    ]
    assert len(rows) > 1
    assert rows == sorted(rows)


def test_a_setting_is_swept_and_added_to_the_table(called, text_file, tmp_path):
    table = tmp_path / "sweep.jsonl"
    flags = ("--preset", "quick", "--n-embd", 16, "--n-layer", 1, "--batch-size", 2, "--data", text_file)
    done = called("benchmarks.sweep", "--minutes", 0.01, *flags, "--table", table)
    assert printed(done, "seed") == "1"
    assert re.search(r"^\d\.\d{4}  quick .*n_embd=16.*, seed 1$", done.stdout, re.MULTILINE)
    assert "n_embd=16" in called("benchmarks.sweep", "--table", table).stdout


def test_runs_of_the_sweep_are_measured_as_teachers_together_and_with_an_n_gram_model(called, text_file, tmp_path):
    table, data = tmp_path / "sweep.jsonl", ("--data", text_file)
    flags = ("--preset", "quick", "--n-embd", 16, "--n-layer", 1, "--batch-size", 2, "--max-iters", 20, *data)
    done = called("benchmarks.sweep", *flags, "--seeds", 1, 2, "--name", "tiny", "--table", table, "--keep", tmp_path)
    losses = [float(loss) for loss in re.findall(r"^(\d\.\d+)  tiny, seed", done.stdout, re.MULTILINE)]
    done = called("benchmarks.teachers", tmp_path / "tiny 1", tmp_path / "tiny 2", *data)
    first, second, both = ([float(loss) for loss in printed(done, name).split()] for name in ("1", "2", "1 2"))
    # The saved weights have 8 bits.
    assert losses == [pytest.approx(first[0], abs=0.02), pytest.approx(second[0], abs=0.02)]
    assert both[0] < (first[0] + second[0]) / 2
    assert both[1] < both[0], "20 steps know less than an n-gram model of the same text"


def test_decoding_is_timed_beside_the_other_ways_to_write(called, weights):
    done = called("benchmarks.decode", "--weights", weights, "--rounds", 1)
    assert printed(done, "seed") == "1"
    for name in ("numba", "torch", "torch, no cache, once", "two texts, two threads"):
        assert re.match(RATE, printed(done, name))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--rounds", 0), "--rounds must be a whole number from 1 to 1,000, not 0"),
        (("--transformers",), "not a gpt model of context 8"),
    ],
    ids=str,
)
def test_decoding_that_cannot_be_timed_is_refused_in_one_line(called, weights, flags, complaint):
    assert_refused(called("benchmarks.decode", "--weights", weights, *flags), "decode", complaint)


@ONLY_IN_CI  # the loops that are timed are compiled each time
def test_the_parts_of_a_step_are_timed(called, weights):
    done = called("benchmarks.step", "--weights", weights, "--rounds", 1)
    assert printed(done, "seed")
    for part in ("products with weights", "attention", "norms and activation"):
        assert re.match(r"-?[\d.]+ us", printed(done, part))


def test_many_texts_are_timed_together(called, weights):
    done = called("benchmarks.streams", "--weights", weights, "--streams", 3, "--length", 20)
    assert printed(done, "seed").startswith("0 to ")
    assert re.match(r"[\d,]+, [\d.]+ times as many", printed(done, "3 texts together"))
