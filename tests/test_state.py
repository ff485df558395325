"""state.py: going on as if a run had never stopped."""

import shutil

import pytest
import torch
from runs import assert_same_run, finished, metrics

from tinygpt.checkpoint import save_tensors
from tinygpt.data import split
from tinygpt.state import STATE, saved_run
from tinygpt.stored import METRICS

RECIPES = {
    "muon, averaged": {
        "optimizer": "muon",
        "average_decay": 0.9,
        "decay": "linear",
        "warmup_iters": 2,
        "grad_clip": 1.0,
    },
    "adamw, best": {"publish": "best", "weight_decay": 0.1, "decay": "cosine"},
    "shuffled": {"batches": "shuffled", "batch_size": 3},
}
each_recipe = pytest.mark.parametrize("changes", RECIPES.values(), ids=RECIPES)


@each_recipe
@pytest.mark.parametrize("stop", [1, 3, 4], ids="stopped after {}".format)
def test_a_run_that_was_stopped_and_resumed_is_the_run_that_was_not(train, tmp_path, changes, stop):
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=stop)
    torch.manual_seed(99)  # a new process starts with other random states
    again = train(tmp_path / "parts", **changes)
    again.resume()
    assert again.step == stop
    finished(again)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@each_recipe
def test_going_on_from_an_older_state_writes_no_row_twice(train, tmp_path, changes):
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=2)
    shutil.copy(tmp_path / "parts" / STATE, tmp_path / "older")
    going_on = train(tmp_path / "parts", **changes)
    going_on.resume()
    finished(going_on)
    shutil.copy(tmp_path / "older", tmp_path / "parts" / STATE)  # as if killed right after step 2 was saved
    with (tmp_path / "parts" / METRICS).open("a") as file:
        file.write('{"step": 8, "train_lo')  # and in the midst of a row
    again = train(tmp_path / "parts", **changes)
    again.resume()
    finished(again)
    assert [row["step"] for row in metrics(tmp_path / "parts")] == [2, 4, 6]
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_a_new_run_starts_its_metrics_anew(train, tmp_path):
    for _ in range(2):
        finished(train(tmp_path))
    assert [row["step"] for row in metrics(tmp_path)] == [2, 4, 6]


def test_a_run_that_learns_from_teachers_goes_on_with_them_alone(train, tmp_path, weights):
    changes = {"teachers": [weights], "teacher_share": 0.5}
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=3)
    assert saved_run(tmp_path / "parts").teachers == [str(weights)]
    again = train(tmp_path / "parts", **changes)
    again.resume()
    finished(again)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    finished(train(tmp_path / "other", seed=9))
    with pytest.raises(ValueError, match="differs in teachers, by their sha256"):
        train(tmp_path / "parts", teachers=[tmp_path / "other"], teacher_share=0.5).resume()


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
        ({"model": {"n_embd": 32}}, "model's n_embd: 16 there, 32 now"),
        ({"model": {"dropout": 0.2}}, "model's dropout: 0.1 there, 0.2 now"),
        ({"model": {"family": "llama"}}, "model's family: 'qwen3' there, 'llama' now"),
        ({"learning_rate": 0.5}, "recipe's learning_rate: 0.01 there, 0.5 now"),
        ({"max_iters": 7}, "recipe's max_iters: 6 there, 7 now"),
        ({"seed": 1}, "recipe's seed: 1337 there, 1 now"),
        ({"dtype": torch.bfloat16}, r"precision: 'float32' there, 'bfloat16' now"),
    ],
)
def test_resuming_with_another_model_or_recipe_is_refused_naming_the_difference(train, tmp_path, changes, named):
    finished(train(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=named):
        train(tmp_path, **changes).resume()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_resuming_with_another_text_is_refused(train, tmp_path, text):
    finished(train(tmp_path))
    with pytest.raises(ValueError, match="text"):
        train(tmp_path, data=split(text[::-1], "0" * 64)).resume()


def test_resuming_where_there_is_nothing_is_refused(train, tmp_path):
    with pytest.raises(FileNotFoundError, match=STATE):
        train(tmp_path).resume()
    with pytest.raises(FileNotFoundError, match=STATE):
        saved_run(tmp_path)


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"<html>"])
def test_resuming_from_a_damaged_state_is_refused_in_one_line(train, tmp_path, damage):
    finished(train(tmp_path))
    (tmp_path / STATE).write_bytes(damage((tmp_path / STATE).read_bytes()))
    with pytest.raises(ValueError, match=f"{STATE} is not a safetensors file") as caught:
        train(tmp_path).resume()
    assert "\n" not in str(caught.value)


def test_the_saved_run_tells_what_it_is(train, tmp_path):
    trainer = finished(train(tmp_path, optimizer="muon"))
    saved = saved_run(tmp_path)
    assert (saved.model, saved.recipe, saved.preset) == (trainer.model.config, trainer.config, "tiny")
    assert saved.precision == torch.float32


def test_a_file_of_something_else_is_not_taken_for_a_saved_run(train, tmp_path):
    save_tensors(tmp_path / STATE, {"a": torch.zeros(1)}, {"preset": "tiny"})
    with pytest.raises(ValueError, match="is not the training state of a run"):
        saved_run(tmp_path)
