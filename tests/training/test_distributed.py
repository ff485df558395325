"""training/distributed.py: two real processes, started by torchrun, train the model that one would."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.runs import TINY, TRAIN, assert_same_run, finished, metrics
from tests.training import two_processes
from tinygpt import load_checkpoint
from tinygpt.checkpoint.reading import WEIGHTS
from tinygpt.checkpoint.torch_checkpoint import load_tensors
from tinygpt.fields import FieldError
from tinygpt.training.distributed import process_group, rank
from tinygpt.training.state import STATE, read_state

ROOT = Path(__file__).parents[2]
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
with_torchrun = pytest.mark.skipif(sys.platform == "win32", reason="torchrun needs libuv, which torch lacks on Windows")


@dataclass
class Launch:
    """What one launch of two processes left: its folder, and what it printed."""

    folder: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def launch(text_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """The runs of two_processes.py, in "one" a run of one process, and in "cli" one of train.py, stopped by Ctrl-C."""
    folder = tmp_path_factory.mktemp("two")
    finished(two_processes.trainer(text_file, folder / "one", *two_processes.RUNS["classic"]))
    flags = (*TINY, "--max-iters", 100_000, "--eval-interval", 1, "--data", text_file, "--out", folder / "cli")
    command = map(str, [sys.executable, *TWO, two_processes.__file__, text_file, folder, *flags])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (folder / "err").open("w") as err:
        process = subprocess.Popen([*command], env=environment, stdout=subprocess.PIPE, stderr=err, text=True)
        try:
            first = process.stdout.readline()  # of train.py's first evaluation
            process.send_signal(signal.SIGINT)  # to torchrun alone, which passes it on
            out, _ = process.communicate(timeout=120)
        finally:
            process.kill()
            process.wait()
    return Launch(folder, first + out, (folder / "err").read_text())


@pytest.fixture(scope="module")
def folder(launch: Launch) -> Path:
    return launch.folder


@pytest.fixture(scope="module")
def facts(folder: Path) -> dict:
    return json.loads((folder / two_processes.FACTS).read_text())


# Muon computes in half precision whatever the precision of the run, and a step builds on the one before.
@with_torchrun
@pytest.mark.parametrize(("name", "tolerance"), [("classic", 1e-6), ("modern", 5e-4)])
def test_two_processes_train_the_model_that_one_trains_on_the_whole_batch(folder, text_file, tmp_path, name, tolerance):
    finished(two_processes.trainer(text_file, tmp_path, *two_processes.RUNS[name]))
    one, two = load_tensors(tmp_path / STATE)[0], load_tensors(folder / name / STATE)[0]
    for key in (key for key in one if key.startswith(("model", "averaged"))):
        torch.testing.assert_close(one[key], two[key], rtol=1e-4, atol=tolerance)
    rows, others = metrics(tmp_path), metrics(folder / name)
    assert [row["step"] for row in others] == [row["step"] for row in rows]
    for row, other in zip(rows, others, strict=True):
        assert other["validation_loss"] == pytest.approx(row["validation_loss"], abs=10 * tolerance)


@with_torchrun
def test_two_processes_stopped_by_one_of_them_and_resumed_end_as_if_not_stopped(folder, facts):
    assert facts["stopped at"] == 3
    assert_same_run(folder / "whole", folder / "parts")
    tensors, _ = load_tensors(folder / "parts" / STATE)
    assert not torch.equal(tensors["random.cpu.0"], tensors["random.cpu.1"])  # each has its own dropout


@with_torchrun
def test_a_batch_that_two_processes_cannot_share_evenly_is_refused(folder, facts):
    assert facts["uneven batch"] == "batch_size must be a multiple of the 2 processes that share it, not 3"
    assert not (folder / "none").exists()


@with_torchrun
def test_a_run_of_one_process_is_not_resumed_by_two(facts):
    assert facts["run of one process"].startswith("processes was 1 in the saved run and is 2 now")


@with_torchrun
def test_flags_and_tensors_of_all_processes_are_combined(facts):
    assert facts["flags"] == [True, True, False, False, False, True]
    assert facts["ranks"] == [0, 1]


@with_torchrun
def test_what_the_first_process_cannot_do_ends_all_of_them(facts, folder):
    assert facts["a folder that is in use"].startswith(f"another training is writing to {folder / 'in use'}")
    assert facts["an error in the first"]


@with_torchrun
def test_a_model_that_torch_wraps_for_several_processes_is_saved_as_it_is_without(folder):
    assert (folder / "wrapped" / WEIGHTS).read_bytes() == (folder / "parts" / WEIGHTS).read_bytes()


@with_torchrun
def test_ctrl_c_stops_both_processes_saved_and_prints_how_to_resume_them(launch):
    assert launch.err.count("Finishing this step") == 1
    stopped = r"^Stopped at step ([\d,]+) and saved\. To resume: torchrun --nproc_per_node=2 (.*)$"
    step, command = re.search(stopped, launch.out, re.MULTILINE).groups()
    assert command == f"train.py --resume --out {launch.folder / 'cli'}"
    _, facts = read_state(launch.folder / "cli")
    assert facts["step"] == int(step.replace(",", ""))
    assert facts["processes"] == 2
    assert [row["step"] for row in metrics(launch.folder / "cli")] == [*range(1, facts["step"] + 1)]
    load_checkpoint(launch.folder / "cli")


@pytest.fixture
def as_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that torchrun gives the second of two processes."""
    environment = {"TORCHELASTIC_RUN_ID": "test", "RANK": "1", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("as_second_process")
def test_only_the_first_process_prints_an_error(called, tmp_path):
    assert rank() == 1
    ended = called(TRAIN, "--resume", "--out", tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


@pytest.mark.usefixtures("as_second_process")
def test_a_device_that_several_processes_cannot_share_is_refused(monkeypatch):
    with pytest.raises(FieldError, match=r"device must be cpu or cuda .* not mps"), process_group(torch.device("mps")):
        pass
    few = torch.cuda.device_count()
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(few + 1))
    with (
        pytest.raises(
            ValueError, match=f"{few + 1} processes need a GPU each, but this machine has {few}: start fewer"
        ),
        process_group(torch.device("cuda")),
    ):
        pass
