"""training/state.py: resuming a run as if it had never stopped."""

import random
import shutil
from re import escape

import pytest
import torch

from tests.runs import assert_same_run, files, finished, metrics, resumed
from tinygpt.checkpoint.reading import BEST, CONFIG, METRICS, WEIGHTS, read_facts
from tinygpt.data.dataset import dataset_from_text
from tinygpt.fields import FieldError
from tinygpt.training.optim import lr_multiplier
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
def test_a_run_that_is_stopped_and_resumed_equals_one_that_is_not(train, tmp_path, changes):
    finished(train(tmp_path / "whole", **changes))
    for stop in (1, 3, 4):
        parts = tmp_path / f"stopped after {stop}"
        finished(train(parts, **changes), steps=stop)
        torch.manual_seed(99)  # a new process starts with other random states
        again = train(parts, **changes)
        again.resume()
        assert again.step == stop
        finished(again)
        assert_same_run(tmp_path / "whole", parts)


def test_a_resumed_run_with_a_context_of_hundreds_of_characters_equals_one_that_is_not(train, tmp_path, device):
    if device.type == "cuda":
        pytest.skip("on a GPU, torch sums attention's gradients in an order that varies")
    model = {"block_size": 256}
    finished(train(tmp_path / "whole", model=model, dtype=torch.bfloat16))
    finished(train(tmp_path / "parts", model=model, dtype=torch.bfloat16), steps=3)
    resumed(train(tmp_path / "parts", model=model, dtype=torch.bfloat16))
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@each_config
def test_resuming_from_an_older_state_writes_no_row_twice(train, tmp_path, changes):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    finished(train(whole, **changes))
    finished(train(parts, **changes), steps=2)
    shutil.copy(parts / STATE, tmp_path / "older")
    resumed(train(parts, **changes))
    shutil.copy(tmp_path / "older", parts / STATE)  # as if killed right after step 2 was saved
    with (parts / METRICS).open("a") as file:
        file.write('{"step": 8, "train_lo')  # and in the middle of a row
    resumed(train(parts, **changes))
    assert [row["step"] for row in metrics(parts)] == [2, 4, 6]
    assert_same_run(whole, parts)


def test_a_run_that_is_killed_before_its_first_evaluation_can_be_resumed(train, tmp_path):
    finished(train(tmp_path / "whole"))
    steps = train(tmp_path / "parts").run()
    next(steps)
    steps.close()  # without saving
    assert [*files(tmp_path / "parts")] == [STATE]
    torch.manual_seed(99)
    resumed(train(tmp_path / "parts"))
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_a_distilled_run_resumes_only_with_its_own_teachers(train, tmp_path, weights):
    changes = {"teachers": [weights], "distill_weight": 0.5}
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=3)
    assert saved_run(tmp_path / "parts").teachers == [str(weights)]
    resumed(train(tmp_path / "parts", **changes))
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
        ({"max_iters": 9, "eval_interval": 3}, "eval_interval was 2 in the saved run and is 3 now"),
        ({"max_iters": 5}, "max_iters must be more than the 6 steps that the saved run has made, not 5"),
        ({"seed": 1}, "seed was 1337 in the saved run and is 1 now"),
        ({"dtype": torch.bfloat16}, "precision was 'float32' in the saved run and is 'bfloat16' now"),
    ],
)
def test_resuming_with_another_config_is_refused_naming_the_field(train, tmp_path, changes, named):
    finished(train(tmp_path))
    before = files(tmp_path)
    with pytest.raises(ValueError, match=f"^{named}") as caught:
        train(tmp_path, **changes).resume()
    if "dtype" not in changes:
        assert isinstance(caught.value, FieldError)
    assert files(tmp_path) == before


def test_resuming_with_another_text_is_refused(train, tmp_path, text):
    finished(train(tmp_path))
    with pytest.raises(ValueError, match=r"^the text is not the one that the saved run learns: resume with the same"):
        train(tmp_path, data=dataset_from_text(text[::-1], "0" * 64)).resume()


def test_resuming_without_a_saved_run_is_refused(train, tmp_path):
    for read in (train(tmp_path).resume, lambda: saved_run(tmp_path)):
        with pytest.raises(FileNotFoundError, match=f"{STATE} does not exist, so there is no run to resume: start one"):
            read()


def flip_a_bit(content: bytes) -> bytes:
    at = random.Random(0).randrange(len(content) // 2, len(content))  # in a tensor
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "emptied": lambda _: b"",
    "a web page": lambda _: b"<html>",
    "zeros": lambda content: bytes(len(content)),
    "a bit": flip_a_bit,
    "a digit of a fact": lambda content: content.replace(rb"\"step\": 6", rb"\"step\": 5"),
}


def test_resuming_from_a_damaged_state_is_refused_in_one_line_with_the_remedy(train, tmp_path):
    whole = (finished(train(tmp_path)).folder / STATE).read_bytes()
    complaint = rf"^{escape(str(tmp_path / STATE))} is damaged \(.*\): put a copy of it in its place, or start"
    for damage in DAMAGES.values():
        (tmp_path / STATE).write_bytes(damage(whole))
        assert (tmp_path / STATE).read_bytes() != whole
        with pytest.raises(ValueError, match=complaint) as caught:
            saved_run(tmp_path)
        assert "\n" not in str(caught.value)
    (tmp_path / STATE).unlink()
    (tmp_path / STATE).mkdir()
    with pytest.raises(ValueError, match=complaint):
        saved_run(tmp_path)


def test_damaged_records_do_not_keep_a_run_from_going_on(train, tmp_path, caplog):
    """The rows of metrics.jsonl that can be read are kept, and the old file, too."""
    finished(train(tmp_path / "whole"))
    for number, rows in enumerate([b"", b"\xff\x00\n[1]\n{}\nnull\n", b'{"step": "2"}\n{"st', None]):
        parts = tmp_path / str(number)
        finished(train(parts), steps=4)
        first = (parts / METRICS).read_bytes().splitlines(keepends=True)[0]
        (parts / METRICS).unlink()
        if rows is None:
            (parts / METRICS).mkdir()
        else:
            (parts / METRICS).write_bytes(first + rows)
        caplog.clear()
        resumed(train(parts))
        assert f"{parts / METRICS} lacks evaluations of this run, up to that of step 4. The run goes on" in caplog.text
        assert [row["step"] for row in metrics(parts)] == ([2, 6] if rows is not None else [6])
        assert ("was damaged and is now metrics.jsonl.damaged" in caplog.text) == (rows != b"")
        assert (parts / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_published_weights_that_are_damaged_are_written_anew_or_named(train, tmp_path, caplog, name):
    last, best = (finished(train(tmp_path / publish, publish=publish)).folder for publish in ("last", "best"))
    whole = files(last)
    for damage in (lambda _: b"", lambda _: b"{}", lambda content: content[:-5]):
        for folder in (last, best):
            (folder / name).write_bytes(damage((folder / name).read_bytes()))
        caplog.clear()
        resumed(train(last))
        assert f"written anew from the training state: {last / name}" in caplog.text
        assert files(last) == whole
        with pytest.raises(
            ValueError, match=rf"{escape(str(best / name))} .*lacks these weights, the best so far: put"
        ):
            resumed(train(best, publish="best"))


def test_the_best_weights_are_kept_across_a_stop_and_damaged_ones_make_room_for_later_ones(train, tmp_path, caplog):
    changes = {"publish": "both", "learning_rate": 0.5, "max_iters": 8, "eval_interval": 1}  # far too high a rate
    finished(train(tmp_path / "whole", **changes))
    finished(train(tmp_path / "parts", **changes), steps=5)
    resumed(train(tmp_path / "parts", **changes))
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    assert (tmp_path / "whole" / BEST / WEIGHTS).read_bytes() == (tmp_path / "parts" / BEST / WEIGHTS).read_bytes()
    (tmp_path / "parts" / BEST / WEIGHTS).write_bytes(b"")
    resumed(train(tmp_path / "parts", **changes | {"max_iters": 9}))
    assert "The best weights so far are lost" in caplog.text
    assert read_facts(tmp_path / "parts" / BEST)["steps"] == 9


# Another number of steps


def test_a_longer_run_than_before_goes_on_by_the_schedule_of_its_new_length(train, tmp_path):
    changes = {"decay": "linear", "warmup_iters": 1, "optimizer": "muon", "ema_decay": 0.9}
    finished(train(tmp_path, **changes))
    longer = resumed(train(tmp_path, max_iters=11, eval_interval=4, **changes))  # skips every second evaluation
    rows = metrics(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 6, 8, 11]
    assert rows[2]["lr_multiplier"] < 0.3  # the last step of the run as it was
    assert [row["lr_multiplier"] for row in rows[3:]] == [lr_multiplier(n, longer.config) for n in (7, 10)]
    assert saved_run(tmp_path).training.max_iters == 11
    with pytest.raises(FieldError, match="max_iters must be more than the 11 steps that the saved run has made, not 6"):
        train(tmp_path, max_iters=6, eval_interval=4, **changes).resume()


def test_with_a_constant_rate_a_run_that_was_made_longer_equals_one_that_was_planned_so(train, tmp_path):
    finished(train(tmp_path / "planned", max_iters=8))
    finished(train(tmp_path / "finished", max_iters=4))
    finished(train(tmp_path / "stopped", max_iters=6), steps=3)
    for name in ("finished", "stopped"):
        resumed(train(tmp_path / name, max_iters=8))
        assert_same_run(tmp_path / "planned", tmp_path / name)


def test_the_settings_of_a_saved_run_can_be_read(train, tmp_path):
    trainer = finished(train(tmp_path, optimizer="muon"))
    saved = saved_run(tmp_path)
    assert (saved.model, saved.training, saved.preset) == (trainer.model.config, trainer.config, "tiny")
    assert saved.precision == torch.float32


def test_a_run_that_is_resumed_elsewhere_names_every_machine_that_trained_it(train, tmp_path):
    finished(train(tmp_path), steps=2)
    here = read_facts(tmp_path)["machines"]
    elsewhere = train(tmp_path)
    elsewhere.machines = ["another machine"]
    resumed(elsewhere)
    assert read_facts(tmp_path)["machines"] == [*here, "another machine"]
    resumed(train(tmp_path, max_iters=8))
    assert read_facts(tmp_path)["machines"] == [*here, "another machine"]
