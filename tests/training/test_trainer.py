"""training/trainer.py: the loop, and what it saves."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.runs import files, finished, metrics
from tinygpt import PRESETS, TrainConfig, Trainer, load_checkpoint, save_checkpoint
from tinygpt.background import cores
from tinygpt.checkpoint.reading import BEST, CONFIG, HISTORY, METRICS, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import load_tensors
from tinygpt.data.dataset import dataset_from_text
from tinygpt.fields import FieldError
from tinygpt.model.quantization import fake_quantize
from tinygpt.training.distillation import load_ensemble, predictions
from tinygpt.training.evaluation import evaluate_full
from tinygpt.training.state import STATE

# What is saved


def test_the_last_averaged_weights_are_published(train, tmp_path):
    trainer = finished(train(tmp_path, ema_decay=0.5))
    published = load_checkpoint(tmp_path)[0].state_dict()
    for name, tensor in trainer.published_model.cpu().state_dict().items():
        wanted = fake_quantize(tensor.numpy()) if tensor.ndim == 2 else tensor.half().numpy()
        assert np.array_equal(published[name], wanted)
    assert not torch.allclose(published["lm_head.weight"], trainer.model.lm_head.weight.cpu(), atol=1e-3)


def test_averaged_weights_are_the_average_of_those_of_each_step(train, tmp_path):
    trainer, average = train(tmp_path, ema_decay=0.75), None
    for _ in trainer.run():
        now = trainer.model.lm_head.weight.detach().clone()
        average = now if average is None else 0.75 * average + 0.25 * now
    torch.testing.assert_close(trainer.published_model.lm_head.weight, average)


def test_the_best_weights_by_validation_are_published_where_the_config_says_so(train, tmp_path):
    trainer = train(tmp_path, publish="best", learning_rate=0.5, max_iters=8, eval_interval=1)  # far too high a rate
    seen = {}
    for progress in trainer.run():
        seen[progress.losses["validation"]] = progress.step, trainer.model.lm_head.weight.detach().cpu().clone()
    step, weight = seen[min(seen)]
    assert step < 8
    assert np.array_equal(load_checkpoint(tmp_path)[0].lm_head.weight.detach(), fake_quantize(weight.numpy()))
    assert read_facts(tmp_path)["steps"] == step
    assert trainer.best == min(seen)


def test_a_run_stopped_before_its_first_evaluation_leaves_weights_too(train, tmp_path):
    finished(train(tmp_path, publish="best"), steps=1)
    load_checkpoint(tmp_path)


def test_config_json_holds_the_training_config_and_the_loss_of_the_saved_file(train, tmp_path, dataset):
    trainer = finished(train(tmp_path))
    full = trainer.finish()
    facts = read_facts(tmp_path)
    assert facts["validation_loss"] == full.nats
    assert facts["validation_block_size"] == 8
    assert TrainConfig(**facts["training"]) == trainer.config
    assert (facts["preset"], facts["steps"], facts["publish"]) == ("tiny", 6, "last")
    assert facts["data_sha256"] == dataset.sha256
    [machine] = facts["machines"]
    assert machine == trainer.machines[0]
    assert f"{cores()} cores" in machine
    assert machine.endswith(f"torch {torch.__version__}")
    assert files(tmp_path).keys() == {CONFIG, WEIGHTS, STATE, METRICS}


def test_every_evaluation_leaves_a_row_and_the_last_step_is_one(train, tmp_path):
    progress = list(train(tmp_path, max_iters=5).run())
    assert [p.step for p in progress] == [1, 2, 3, 4, 5]
    assert [p.step for p in progress if p.losses] == [2, 4, 5]
    rows = metrics(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert [row["characters"] for row in rows] == [2 * 32, 4 * 32, 5 * 32]
    assert [row["validation_loss"] for row in rows] == [p.losses["validation"] for p in progress if p.losses]


def test_the_evaluation_interval_does_not_change_the_weights(train, tmp_path):
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


def test_gradients_are_clipped_to_the_norm_of_the_config(train, tmp_path):
    moved = []
    for limit in (0.0, 1e-12):  # so small a gradient is lost beside AdamW's epsilon
        trainer = train(tmp_path / str(limit), max_iters=1, grad_clip=limit, weight_decay=0.0)
        before = trainer.model.lm_head.weight.detach().clone()
        finished(trainer)
        moved.append((trainer.model.lm_head.weight - before).abs().max().item())
    assert moved[0] > 1e-3
    assert moved[1] < 1e-5


def test_snapshots_are_kept_from_early_on_to_the_end(train, tmp_path):
    finished(train(tmp_path, max_iters=64, eval_interval=64, snapshots=3, ema_decay=0.9))
    folders = sorted((tmp_path / HISTORY).iterdir())
    assert [read_facts(folder)["steps"] for folder in folders] == [1, 8, 64]
    assert (folders[-1] / WEIGHTS).read_bytes() == (tmp_path / WEIGHTS).read_bytes()


def test_the_loss_of_each_snapshot_is_measured_as_for_the_published_weights(train, tmp_path, dataset, device):
    trainer = finished(train(tmp_path, max_iters=64, eval_interval=64, snapshots=3))
    before = {path: path.read_bytes() for path in tmp_path.rglob(WEIGHTS)}
    full = trainer.finish()
    folders = sorted((tmp_path / HISTORY).iterdir())
    wanted = [evaluate_full(load_checkpoint(folder, device)[0], dataset.validation) for folder in folders]
    assert [read_facts(folder)["validation_loss"] for folder in folders] == [loss.nats for loss in wanted]
    assert [read_facts(folder)["validation_block_size"] for folder in folders] == [8, 8, 8]
    assert wanted[-1] == full == min(wanted, key=lambda loss: loss.nats)
    assert {path: path.read_bytes() for path in tmp_path.rglob(WEIGHTS)} == before


def test_a_run_without_its_snapshots_can_still_be_measured(train, tmp_path):
    trainer = finished(train(tmp_path, max_iters=8, eval_interval=8, snapshots=2))
    shutil.rmtree(tmp_path / HISTORY / "step-000001")
    assert math.isfinite(trainer.finish().nats)


# Teachers


def test_a_distilled_model_comes_closer_to_its_teachers_than_one_trained_on_the_text(train, tmp_path, dataset):
    teachers = [tmp_path / "one", tmp_path / "two"]
    for seed, folder in enumerate(teachers):
        finished(train(folder, seed=seed, max_iters=30, eval_interval=30))
    ensemble = load_ensemble(teachers, dataset.tokenizer, torch.device("cpu"))
    expected_NV = predictions(ensemble, dataset.train).float()

    def distance(**changes) -> float:
        """The mean KL divergence of the trained model from the teachers, over the text."""
        trainer = train(tmp_path / str(changes), max_iters=60, eval_interval=60, model={"dropout": 0.0}, **changes)
        learned_NV = predictions(finished(trainer).published_model, dataset.train).float()
        return (expected_NV * (expected_NV.log() - learned_NV.log())).sum(dim=1).mean().item()

    assert distance(teachers=teachers, distill_weight=1.0) < 0.8 * distance()


def test_config_json_names_the_teachers(train, tmp_path, weights):
    finished(train(tmp_path, teachers=[weights], distill_weight=1.0))
    assert read_facts(tmp_path)["teachers_sha256"] == [read_facts(weights)["weights_sha256"]]


def test_a_teacher_of_another_text_is_refused(train, tmp_path, text):
    other = dataset_from_text(text + "One line more.\n", "0" * 64)
    finished(train(tmp_path / "teacher", data=other))
    with pytest.raises(ValueError, match=r"the teacher .*teacher was not trained on this run's text"):
        train(tmp_path / "run", teachers=[tmp_path / "teacher"], distill_weight=1.0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"distill_weight": 0.5}, "distill_weight", "of 0.5 needs teachers: name the folders of trained weights"),
        ({"ngram_weight": 0.1}, "ngram_weight", "of 0.1 needs teachers: name the folders of trained weights"),
        ({"teachers": ["somewhere"]}, "distill_weight", "must be above 0 when there are teachers, not 0"),
    ],
)
def test_teachers_without_a_weight_and_a_weight_without_teachers_are_refused(train, tmp_path, changes, field, problem):
    with pytest.raises(FieldError) as caught:
        train(tmp_path, **changes)
    assert caught.value.field == field
    assert caught.value.problem.startswith(problem)


def test_a_model_with_another_vocabulary_than_the_text_is_refused(train, tmp_path, tokenizer):
    with pytest.raises(FieldError) as caught:
        train(tmp_path / "run", model={"vocab_size": 99})
    wanted = f"must be {tokenizer.vocab_size}, the number of different characters in the text, not 99"
    assert (caught.value.field, caught.value.problem) == ("vocab_size", wanted)
    assert not (tmp_path / "run").exists()


# What can go wrong


@pytest.mark.parametrize("changes", [{}, {"ema_decay": 0.9}, {"publish": "best"}], ids=str)
def test_a_loss_that_is_no_longer_finite_ends_the_run_and_keeps_the_last_good_state(train, tmp_path, changes):
    trainer = train(tmp_path, max_iters=20, **changes)

    def break_after_step_4() -> None:
        for progress in trainer.run():
            if progress.step == 4:
                trainer.model.lm_head.weight.data.fill_(math.nan)

    with pytest.raises(FloatingPointError, match=r"start again with a lower learning rate, in another") as caught:
        break_after_step_4()
    assert caught.value.problem == "the loss became nan at step 5"
    assert f"what was saved before is kept in {tmp_path}" in str(caught.value)
    assert all(part.isfinite().all() for part in load_checkpoint(tmp_path)[0].parameters())
    again = train(tmp_path, max_iters=20, **changes)
    again.resume()
    assert again.step == 4
    assert all(part.isfinite().all() for part in again.model.parameters())
    assert [row["step"] for row in metrics(tmp_path)] == [2, 4]


def test_a_loss_that_is_not_finite_at_the_first_step_leaves_nothing_that_is_said_to_be_kept(train, tmp_path):
    trainer = train(tmp_path)
    trainer.model.lm_head.weight.data.fill_(math.inf)
    with pytest.raises(FloatingPointError, match=r"^the loss became nan at step 1; start again with a lower"):
        finished(trainer)


def test_a_snapshot_that_is_damaged_is_told_and_does_not_keep_the_run_from_being_measured(train, tmp_path, caplog):
    trainer = finished(train(tmp_path, max_iters=64, eval_interval=64, snapshots=3))
    snapshots = [tmp_path / HISTORY / f"step-{step:06}" for step in (1, 8, 64)]
    (snapshots[0] / WEIGHTS).write_bytes(b"")
    (snapshots[1] / CONFIG).unlink()
    assert (
        trainer.finish().nats == read_facts(snapshots[2])["validation_loss"] == read_facts(tmp_path)["validation_loss"]
    )
    told = [record.getMessage() for record in caplog.records]
    assert [message.split(" cannot")[0] for message in told] == [f"The weights in {path}" for path in snapshots[:2]]


def test_a_text_shorter_than_one_block_is_refused_before_anything_is_written(train, tmp_path, text):
    short = dataset_from_text(text[:60], "")  # the validation split has 6 characters
    with pytest.raises(ValueError, match=r"too short: .* 6 characters and one block needs 9"):
        train(tmp_path / "run", data=short, model={"vocab_size": short.tokenizer.vocab_size})
    assert not (tmp_path / "run").exists()


# Learning


def test_a_run_lowers_the_validation_loss(train, tmp_path):
    losses = [p.losses["validation"] for p in train(tmp_path, max_iters=60, eval_interval=30).run() if p.losses]
    assert losses[-1] < losses[0] < 4


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_built_and_trained(name, dataset, shape, tmp_path, weights, device):
    preset = PRESETS[name]
    sizes = {"vocab_size": shape.vocab_size, "block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 16}
    config = replace(preset.train, batch_size=2, max_iters=2, warmup_iters=1, eval_iters=1, compile=False)
    teachers = [weights] if config.distill_weight else []
    model = replace(preset.model, **sizes)
    trainer = finished(Trainer(model, config, dataset, tmp_path, preset=name, teachers=teachers, device=device))
    assert trainer.step == 2
    assert load_checkpoint(tmp_path)[0].config == trainer.model.config
    assert math.isfinite(trainer.finish().nats)


def test_the_model_inside_a_compiled_one_is_saved(build, tokenizer, tmp_path):
    save_checkpoint(tmp_path, torch.compile(build()), tokenizer)
    assert torch.equal(load_checkpoint(tmp_path)[0].lm_head.weight, build().lm_head.weight)


@pytest.mark.filterwarnings("error:Mismatch dtype")  # torch's, when a norm falls back to slow code
def test_bfloat16_trains_and_publishes_float16(train, tmp_path):
    finished(train(tmp_path, dtype=torch.bfloat16))
    assert all(tensor.dtype == torch.float16 for tensor in load_tensors(tmp_path / WEIGHTS)[0].values())
    assert all(t.dtype == torch.float32 for n, t in load_tensors(tmp_path / STATE)[0].items() if n.startswith("model"))


def test_where_the_config_says_so_the_best_weights_are_kept_beside_the_last(train, tmp_path, dataset, device):
    changes = {"learning_rate": 0.5, "max_iters": 8, "eval_interval": 1}  # far too high a rate
    best, last, both = (
        finished(train(tmp_path / publish, publish=publish, **changes)) for publish in ("best", "last", "both")
    )
    assert (both.folder / WEIGHTS).read_bytes() == (last.folder / WEIGHTS).read_bytes()
    assert (both.folder / BEST / WEIGHTS).read_bytes() == (best.folder / WEIGHTS).read_bytes()
    both.finish()
    assert read_facts(both.folder)["publish"] == "last"
    facts = read_facts(both.folder / BEST)
    assert (facts["publish"], facts["steps"]) == ("best", read_facts(best.folder)["steps"])
    best_model, _ = load_checkpoint(both.folder / BEST, device)
    assert facts["validation_loss"] == evaluate_full(best_model, dataset.validation).nats
