"""training/state.py: resuming a run as if it had never stopped."""

import shutil

import pytest
import torch

from tests.runs import assert_same_run, finished, metrics
from tinygpt.checkpoint.reading import METRICS
from tinygpt.checkpoint.torch_checkpoint import load_tensors, save_tensors
from tinygpt.data.dataset import dataset_from_text
from tinygpt.fields import FieldError
from tinygpt.training.state import STATE, saved_run

CONFIGS = {
    "muon, averaged": {
        "optimizer": "muon",
        "ema_decay": 0.9,
        "decay": "linear",
        "warmup_iters": 2,
        "grad_clip": 1.0,
    },
    "adamw, best": {"publish": "best", "weight_decay": 0.1, "decay": "cosine"},
    "shuffled": {"batches": "shuffled", "batch_size": 3},
}
each_config = pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)


@each_config
@pytest.mark.parametrize("stop", [1, 3, 4], ids="stopped after {}".format)
def test_a_run_that_is_stopped_and_resumed_equals_one_that_is_not(train, tmp_path, changes, stop):
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=stop)
    torch.manual_seed(99)  # a new process starts with other random states
    again = train(tmp_path / "parts", **changes)
    again.resume()
    assert again.step == stop
    finished(again)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@each_config
def test_resuming_from_an_older_state_writes_no_row_twice(train, tmp_path, changes):
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=2)
    shutil.copy(tmp_path / "parts" / STATE, tmp_path / "older")
    resumed = train(tmp_path / "parts", **changes)
    resumed.resume()
    finished(resumed)
    shutil.copy(tmp_path / "older", tmp_path / "parts" / STATE)  # as if killed right after step 2 was saved
    with (tmp_path / "parts" / METRICS).open("a") as file:
        file.write('{"step": 8, "train_lo')  # and in the middle of a row
    again = train(tmp_path / "parts", **changes)
    again.resume()
    finished(again)
    assert [row["step"] for row in metrics(tmp_path / "parts")] == [2, 4, 6]
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_a_new_run_starts_its_metrics_anew(train, tmp_path):
    for _ in range(2):
        finished(train(tmp_path))
    assert [row["step"] for row in metrics(tmp_path)] == [2, 4, 6]


def test_a_distilled_run_resumes_only_with_its_own_teachers(train, tmp_path, weights):
    changes = {"teachers": [weights], "distill_weight": 0.5}
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=3)
    assert saved_run(tmp_path / "parts").teachers == [str(weights)]
    again = train(tmp_path / "parts", **changes)
    again.resume()
    finished(again)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    finished(train(tmp_path / "other", seed=9))
    with pytest.raises(ValueError, match="teachers_sha256 was"):
        train(tmp_path / "parts", teachers=[tmp_path / "other"], distill_weight=0.5).resume()


def test_resuming_a_finished_run_changes_nothing(train, tmp_path):
    finished(train(tmp_path / "one"))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    again = train(tmp_path / "two")
    again.resume()
    assert list(again.run()) == []
    assert_same_run(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": {"n_embd": 32}}, "n_embd was 16 in the saved run and is 32 now: resume with what"),
        ({"model": {"dropout": 0.2}}, "dropout was 0.1 in the saved run and is 0.2 now"),
        ({"model": {"family": "llama"}}, "family was 'qwen3' in the saved run and is 'llama' now"),
        ({"learning_rate": 0.5}, "learning_rate was 0.01 in the saved run and is 0.5 now"),
        ({"max_iters": 7}, "max_iters was 6 in the saved run and is 7 now"),
        ({"seed": 1}, "seed was 1337 in the saved run and is 1 now"),
        ({"dtype": torch.bfloat16}, "precision was 'float32' in the saved run and is 'bfloat16' now"),
    ],
)
def test_resuming_with_another_config_is_refused_naming_the_field(train, tmp_path, changes, named):
    finished(train(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=f"^{named}") as caught:
        train(tmp_path, **changes).resume()
    if "dtype" not in changes:
        assert isinstance(caught.value, FieldError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_resuming_with_another_text_is_refused(train, tmp_path, text):
    finished(train(tmp_path))
    with pytest.raises(ValueError, match="data_sha256 was"):
        train(tmp_path, data=dataset_from_text(text[::-1], "0" * 64)).resume()


def test_resuming_without_a_saved_run_is_refused(train, tmp_path):
    with pytest.raises(FileNotFoundError, match=STATE):
        train(tmp_path).resume()
    with pytest.raises(FileNotFoundError, match=STATE):
        saved_run(tmp_path)


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"<html>"])
def test_resuming_from_a_damaged_state_is_refused_in_one_line(train, tmp_path, damage):
    finished(train(tmp_path))
    (tmp_path / STATE).write_bytes(damage((tmp_path / STATE).read_bytes()))
    with pytest.raises(ValueError, match=f"{STATE} is damaged") as caught:
        train(tmp_path).resume()
    assert "\n" not in str(caught.value)


def test_the_settings_of_a_saved_run_can_be_read(train, tmp_path):
    trainer = finished(train(tmp_path, optimizer="muon"))
    saved = saved_run(tmp_path)
    assert (saved.model, saved.training, saved.preset) == (trainer.model.config, trainer.config, "tiny")
    assert saved.precision == torch.float32


# The facts of a training state had these names before it had a format mark.
OLD_FACTS = {
    "recipe": {"max_iters": 6, "average_decay": 0.9, "muon_steps": 5, "teacher_share": 0.0},
    "text, by its sha256": "0" * 64,
    "preset": "tiny",
    "precision": "float32",
    "step": 2,
}


@pytest.mark.parametrize("facts", [OLD_FACTS, {"preset": "tiny"}, {"format": "tinygpt training state 1"}], ids=str)
def test_a_state_of_an_earlier_version_is_refused_in_one_line(train, tmp_path, facts):
    tensors, _ = load_tensors(finished(train(tmp_path)).folder / STATE)
    save_tensors(tmp_path / STATE, tensors, facts)
    for read in (train(tmp_path).resume, lambda: saved_run(tmp_path)):
        with pytest.raises(ValueError, match="was written by another version of tinygpt"):
            read()
