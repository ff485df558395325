"""parallel.py: two real processes, as torchrun starts them, train the model that one would."""

import json
import re
import signal
import sys
from pathlib import Path

import pytest
import torch

from tinygpt import load_checkpoint
from tinygpt.checkpoint import load_tensors
from tinygpt.state import STATE
from tinygpt.stored import METRICS

TRAIN = Path(__file__).parent.parent / "train.py"
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", TRAIN)
TINY = (
    *("--preset", "little-shakespeare", "--device", "cpu", "--dtype", "float32", "--publish", "last"),
    *("--block-size", 8, "--n-layer", 1, "--n-head", 2, "--n-embd", 16, "--batch-size", 4, "--eval-iters", 1),
)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun needs libuv, which torch lacks on Windows")


def state(folder: Path) -> dict[str, torch.Tensor]:
    return load_tensors(folder / STATE)[0]


OURS = ("--family", "qwen3", "--optimizer", "muon", "--average-decay", 0.9, "--batches", "shuffled")


# Muon rounds to half precision inside, whatever the precision of the run, and a step builds on the one before.
@pytest.mark.parametrize(
    ("recipe", "steps", "rounding"), [((), 12, 1e-6), (OURS, 2, 5e-4)], ids=["as a seed", "as ours"]
)
def test_two_processes_train_the_model_that_one_trains_on_the_joined_batch(
    run, text_file, tmp_path, recipe, steps, rounding
):
    flags = (*TINY, *recipe, "--max-iters", steps, "--eval-interval", steps // 2, "--dropout", 0, "--grad-clip", 1)
    flags += ("--data", text_file)
    alone = run(TRAIN, *flags, "--out", tmp_path / "one")
    together = run(*TWO, *flags, "--out", tmp_path / "two")
    assert (alone.returncode, together.returncode) == (0, 0), together.stderr
    one, two = state(tmp_path / "one"), state(tmp_path / "two")
    for name in (name for name in one if name.startswith(("model", "averaged"))):
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=rounding)
    # Only one of them spoke and wrote.
    assert together.stdout.count("Validation loss") == 1
    rows = [[json.loads(line) for line in (tmp_path / n / METRICS).open()] for n in ("one", "two")]
    assert [row["step"] for row in rows[1]] == [steps // 2, steps]
    for mine, theirs in zip(*rows, strict=True):
        assert mine["validation_loss"] == pytest.approx(theirs["validation_loss"], abs=10 * rounding)


def test_two_processes_stopped_and_resumed_end_where_two_that_were_not_stopped_end(start, run, text_file, tmp_path):
    flags = (*TINY, "--max-iters", 150, "--eval-interval", 1, "--dropout", 0.2, "--data", text_file)
    process = start(*TWO, *flags, "--out", tmp_path / "parts")
    process.stdout.readline()  # the first evaluation; more is to come than the pipe holds
    process.send_signal(signal.SIGINT)  # to torchrun alone, which passes it on
    _, err = process.communicate(timeout=120)
    assert err.count("Finishing this step") == 1
    step = load_tensors(tmp_path / "parts" / STATE)[1]["step"]
    assert 1 <= step < 150
    again = run(*TWO, "--resume", "--out", tmp_path / "parts")
    whole = run(*TWO, *flags, "--out", tmp_path / "whole")
    assert (again.returncode, whole.returncode) == (0, 0), again.stderr
    parts, others = state(tmp_path / "parts"), state(tmp_path / "whole")
    assert parts.keys() == others.keys()
    assert all(torch.equal(parts[name], others[name]) for name in parts)
    assert not torch.equal(parts["random.cpu.0"], parts["random.cpu.1"])  # each drops out its own
    load_checkpoint(tmp_path / "parts")


def test_a_batch_that_cannot_be_shared_evenly_is_refused(run, text_file, tmp_path):
    ended = run(*TWO, *TINY, "--batch-size", 3, "--data", text_file, "--out", tmp_path / "run")
    assert ended.returncode != 0
    assert ended.stderr.count("2 processes cannot share a batch of 3") == 1
    assert not (tmp_path / "run").exists()


def test_a_run_of_one_process_is_not_resumed_by_two(run, text_file, tmp_path):
    flags = (*TINY, "--max-iters", 2, "--eval-interval", 2, "--data", text_file, "--out", tmp_path)
    assert run(TRAIN, *flags).returncode == 0
    ended = run(*TWO, "--resume", "--out", tmp_path, "--device", "cpu")
    assert re.search(r"differs in number of processes: 1 there, 2 now", ended.stderr)
