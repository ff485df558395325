"""training.py: the loop, what it keeps, and going on as if it had never stopped."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tinygpt import PRESETS, TrainConfig, Trainer, load_checkpoint
from tinygpt.checkpoint import CONFIG, WEIGHTS, load_tensors, read_facts, save_tensors
from tinygpt.data import split
from tinygpt.state import STATE, saved_run
from tinygpt.training import METRICS

RECIPES = {
    "muon, averaged": {
        "optimizer": "muon",
        "average_decay": 0.9,
        "decay": "linear",
        "warmup_iters": 2,
        "grad_clip": 1.0,
    },
    "adamw, best": {"publish": "best", "weight_decay": 0.1, "decay": "cosine"},
}
each_recipe = pytest.mark.parametrize("changes", RECIPES.values(), ids=RECIPES)


@pytest.fixture
def train(shape, recipe, dataset):
    """train(folder, max_iters=..., ...): a trainer of a tiny model with dropout, not yet run."""

    def made(folder: Path, model: dict | None = None, data=dataset, dtype=torch.float32, **changes) -> Trainer:
        shaped = replace(shape, **{"family": "qwen3", "dropout": 0.1} | (model or {}))
        return Trainer(shaped, replace(recipe, **changes), data, folder, preset="tiny", dtype=dtype)

    return made


def finished(trainer: Trainer, steps: int | None = None) -> Trainer:
    """Run to the end, or stop after some steps, as Ctrl-C does."""
    for progress in trainer.run():
        if progress.step == steps:
            trainer.stop()
    return trainer


def metrics(folder: Path) -> list[dict]:
    rows = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same_run(one: Path, two: Path) -> None:
    """Everything that was kept is the same to the bit, except for the time it took."""
    (tensors, facts), (others, other_facts) = load_tensors(one / STATE), load_tensors(two / STATE)
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensors[name], others[name]) for name in tensors)
    assert facts | {"seconds": 0} == other_facts | {"seconds": 0}
    assert (one / WEIGHTS).read_bytes() == (two / WEIGHTS).read_bytes()
    assert read_facts(one) | {"seconds": 0} == read_facts(two) | {"seconds": 0}
    assert metrics(one) == metrics(two)


# Going on


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


# What is kept


def test_the_last_averaged_weights_are_published(train, tmp_path):
    trainer = finished(train(tmp_path, average_decay=0.5))
    published = load_checkpoint(tmp_path)[0].state_dict()
    for name, tensor in trainer.published_model.state_dict().items():
        assert torch.equal(published[name], tensor.half().float())
    assert not torch.allclose(published["lm_head.weight"], trainer.model.lm_head.weight, atol=1e-3)


def test_averaged_weights_are_the_average_of_those_of_each_step(train, tmp_path):
    trainer, average = train(tmp_path, average_decay=0.75), None
    for _ in trainer.run():
        now = trainer.model.lm_head.weight.detach().clone()
        average = now if average is None else 0.75 * average + 0.25 * now
    torch.testing.assert_close(trainer.published_model.lm_head.weight, average)


def test_the_best_weights_by_validation_are_published_where_the_recipe_says_so(train, tmp_path):
    trainer = train(tmp_path, publish="best", learning_rate=0.5, max_iters=8, eval_interval=1)  # far too high a rate
    seen = {}
    for progress in trainer.run():
        seen[progress.losses["validation"]] = progress.step, trainer.model.lm_head.weight.detach().clone()
    step, weight = seen[min(seen)]
    assert step < 8
    assert torch.equal(load_checkpoint(tmp_path)[0].lm_head.weight, weight.half().float())
    assert read_facts(tmp_path)["steps"] == step
    assert trainer.best == min(seen)


def test_a_run_stopped_before_its_first_evaluation_leaves_weights_all_the_same(train, tmp_path):
    finished(train(tmp_path, publish="best"), steps=1)
    load_checkpoint(tmp_path)


def test_config_json_holds_the_recipe_and_the_loss_that_the_file_was_measured_at(train, tmp_path, dataset):
    trainer = finished(train(tmp_path))
    full = trainer.finish()
    facts = read_facts(tmp_path)
    assert facts["validation_loss"] == full.nats
    assert facts["validation_block_size"] == 8
    assert TrainConfig(**facts["training"]) == trainer.config
    assert (facts["preset"], facts["steps"], facts["publish"]) == ("tiny", 6, "last")
    assert facts["data_sha256"] == dataset.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CONFIG, WEIGHTS, STATE, METRICS])


def test_every_evaluation_leaves_a_row_and_the_last_step_is_one(train, tmp_path):
    progress = list(train(tmp_path, max_iters=5).run())
    assert [p.step for p in progress] == [1, 2, 3, 4, 5]
    assert [p.step for p in progress if p.losses] == [2, 4, 5]
    rows = metrics(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert [row["characters"] for row in rows] == [2 * 32, 4 * 32, 5 * 32]
    assert [row["validation_loss"] for row in rows] == [p.losses["validation"] for p in progress if p.losses]


def test_how_often_is_evaluated_changes_nothing_in_the_weights(train, tmp_path):
    for interval in (1, 3, 100):
        finished(train(tmp_path / str(interval), eval_interval=interval, eval_iters=interval % 3 + 1))
    one, three, hundred = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("1", "3", "100"))
    assert one == three == hundred


def test_the_seed_alone_decides_the_weights(train, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        finished(train(tmp_path / name, seed=seed))
    one, again, two = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "again", "two"))
    assert one == again
    assert one != two


def test_a_gradient_is_cut_to_the_length_the_recipe_allows(train, tmp_path):
    moved = []
    for limit in (0.0, 1e-12):  # so short a gradient is lost beside the epsilon of AdamW
        trainer = train(tmp_path, max_iters=1, grad_clip=limit, weight_decay=0.0)
        before = trainer.model.lm_head.weight.detach().clone()
        finished(trainer)
        moved.append((trainer.model.lm_head.weight - before).abs().max().item())
    assert moved[0] > 1e-3
    assert moved[1] < 1e-5


# What can go wrong


@pytest.mark.parametrize("changes", [{}, {"average_decay": 0.9}, {"publish": "best"}], ids=str)
def test_a_loss_that_is_no_longer_finite_ends_the_run_and_keeps_the_last_good_state(train, tmp_path, changes):
    trainer = train(tmp_path, max_iters=20, **changes)

    def break_after_step_4() -> None:
        for progress in trainer.run():
            if progress.step == 4:
                trainer.model.lm_head.weight.data.fill_(math.nan)

    with pytest.raises(FloatingPointError, match=r"became nan at step 5; .* kept in .*; start again with a lower"):
        break_after_step_4()
    assert all(part.isfinite().all() for part in load_checkpoint(tmp_path)[0].parameters())
    again = train(tmp_path, max_iters=20, **changes)
    again.resume()
    assert again.step == 4
    assert all(part.isfinite().all() for part in again.model.parameters())
    assert [row["step"] for row in metrics(tmp_path)] == [2, 4]


def test_a_text_shorter_than_one_block_is_refused_before_anything_is_written(train, tmp_path, text):
    short = split(text[:60], "")  # the validation split has 6 characters
    with pytest.raises(ValueError, match=r"too short: .* 6 characters and one block needs 9"):
        train(tmp_path / "run", data=short, model={"vocab_size": short.tokenizer.vocab_size})
    assert not (tmp_path / "run").exists()


# Learning


def test_a_run_learns(train, tmp_path):
    losses = [p.losses["validation"] for p in train(tmp_path, max_iters=60, eval_interval=30).run() if p.losses]
    assert losses[-1] < losses[0] < 4


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_built_and_trained(name, dataset, shape, tmp_path):
    preset = PRESETS[name]
    sizes = {"vocab_size": shape.vocab_size, "block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 16}
    config = replace(preset.train, batch_size=2, max_iters=2, warmup_iters=1, eval_iters=1)
    trainer = finished(Trainer(replace(preset.model, **sizes), config, dataset, tmp_path, preset=name))
    assert trainer.step == 2
    assert load_checkpoint(tmp_path)[0].config == trainer.model.config
    assert math.isfinite(trainer.finish().nats)


@pytest.mark.filterwarnings("error:Mismatch dtype")  # torch's, when a norm falls back to slow code
def test_bfloat16_trains_and_publishes_float16(train, tmp_path):
    finished(train(tmp_path, dtype=torch.bfloat16))
    assert all(tensor.dtype == torch.float16 for tensor in load_tensors(tmp_path / WEIGHTS)[0].values())
    assert all(t.dtype == torch.float32 for n, t in load_tensors(tmp_path / STATE)[0].items() if n.startswith("model"))
