"""benchmarks/gpu.sh and batch.py: what is checked and timed on a GPU, here on the processor with tiny sizes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.outcome import assert_refused, printed
from tests.ci import ONLY_IN_CI
from tests.server import ROOT

PARTS = ("environment", "default", "best", "batch", "test_device.py", "nanogpt", "nanogpt-loss")
SIZES = (
    "--block-size 8 --n-layer 1 --n-head 2 --n-embd 16 --batch-size 2 --max-iters 4 --eval-interval 2 --eval-iters 1 "
    "--no-compile"
)
for_linux = pytest.mark.skipif(sys.platform != "linux", reason="the script is for Linux")


@pytest.fixture
def check(weights: Path, text_file: Path) -> Callable[..., tuple[int, dict[str, list[str]]]]:
    """check(folder, VARIABLE="...") runs the script: its status, and the cells of each part's row in the summary."""

    def run(folder: Path, **variables: object) -> tuple[int, dict[str, list[str]]]:
        settings = {"PYTHON": sys.executable, "DEVICE": "cpu", "TESTS": "tests/engines/test_device.py", "SIZES": SIZES}
        settings |= {
            "WEIGHTS": weights,
            "DATA": text_file.name,
            "ROUNDS": "--rounds 1 --batch 2",
            "OMP_NUM_THREADS": 1,
            "PATIENCE": 9,
        }
        environment = os.environ | {name: str(value) for name, value in (settings | variables).items()}
        script = ROOT / "benchmarks" / "gpu.sh"
        ended = subprocess.run([script, folder], env=environment, cwd=text_file.parent, capture_output=True)
        rows = re.findall(r"^\| ([\w.-]+) \| (.*) \|$", (folder / "summary.md").read_text(encoding="utf-8"), re.M)
        return ended.returncode, {name: cells.split(" | ") for name, cells in rows if name != "part"}

    return run


@for_linux
@ONLY_IN_CI
@pytest.mark.timeout(900)  # on a busy machine
def test_every_part_is_run_and_what_it_says_is_in_the_summary(check, tmp_path):
    status, rows = check(tmp_path / "results")
    assert {name: cells[0] for name, cells in rows.items()} == dict.fromkeys(PARTS, "ok")
    assert status == 0
    assert re.search(r"\d passed", rows["test_device.py"][3])
    for name in ("default", "best", "nanogpt"):
        assert re.search(r"<br>Validation loss: \d\.\d{4} nats", rows[name][3])
        assert (tmp_path / "results" / f"{name}.metrics.jsonl").read_text().count("\n") == 2
    assert rows["nanogpt-loss"][3].startswith("loss ")
    assert "2 texts in bfloat16" in rows["batch"][3]
    assert "torch" in rows["environment"][3]


@for_linux
def test_a_part_that_fails_stops_no_other_and_is_told_by_the_status(check, tmp_path):
    status, rows = check(tmp_path / "results", PYTHON=shutil.which("false"))
    assert {name: cells[0] for name, cells in rows.items()} == dict.fromkeys(PARTS, "**failed**, status 1")
    assert status == 1


def test_on_a_gpu_the_tests_that_compute_there_are_run_and_no_others():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "--device", "cuda", "tests/engines"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "test_selection.py::test_weights_on_another_device_run_with_torch_there" in listed
    assert not re.search(r"::.*\[.*(numba|browser)", listed)
    assert "test_numba_engine.py" not in listed


def test_one_text_and_many_are_timed_in_both_precisions(called, weights):
    done = called("benchmarks.batch", "--weights", weights, "--device", "cpu", "--batch", 3, "--rounds", 1)
    for name in ("1 text in float32", "3 texts in float32", "1 text in bfloat16", "3 texts in bfloat16"):
        assert re.match(r"[\d,]+ characters per second, [\d.]+ ms for one of each text", printed(done, name))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [(("--batch", 1), "--batch must be a whole number from 2 to 4,096, not 1"), (("--rounds", 0), "--rounds must be")],
    ids=str,
)
def test_what_cannot_be_timed_is_refused_in_one_line(called, weights, flags, complaint):
    assert_refused(called("benchmarks.batch", "--weights", weights, *flags), "batch", complaint)
