"""The fastest engine runs a model; if it cannot, a single warning and the slower engine give the reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.errors import LoweringError

from tinygpt import fastest
from tinygpt.engines.numba_engine import NumbaEngine
from tinygpt.engines.selection import as_engine
from tinygpt.engines.torch_engine import TorchEngine

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.engines.selection import numba_engine
checkpoint = read_checkpoint(sys.argv[1])
print(*numba_engine(checkpoint.config, checkpoint.tensors))
"""


def test_float32_weights_on_the_cpu_run_with_numba_and_nothing_is_faster(build):
    engine = fastest(build())
    assert isinstance(engine, NumbaEngine)
    assert engine.slower_because == ""


def test_an_engine_is_its_own_engine(build):
    engine = as_engine(build())
    assert as_engine(engine) is engine
    assert (engine.name, engine.slower_because) == ("torch on cpu", "")


def test_weights_on_another_device_run_with_torch_there(build, device):
    assert fastest(build().to(device)).name == ("numba on cpu" if device.type == "cpu" else f"torch on {device.type}")


def test_other_precisions_run_with_torch_as_they_are(build):
    engine = fastest(build().bfloat16())
    assert isinstance(engine, TorchEngine)
    assert engine.slower_because == "numba needs weights in torch.float32, not in torch.bfloat16"


def test_a_numba_that_refuses_its_dependencies_is_quoted(weights, tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs NumPy 2.2 or less. Got NumPy 9.9.')")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", OPEN, str(weights)]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    reason = "numba cannot be imported (ImportError: Numba needs NumPy 2.2 or less. Got NumPy 9.9.)"
    assert (ended.returncode, ended.stdout) == (0, f"None {reason}\n")
    assert ended.stderr == f"Using torch, which is slower than numba: {reason}\n"


def test_where_llvm_fails_torch_runs_the_model_and_says_why(build, monkeypatch, caplog):
    def failing(*_: object) -> None:
        raise LoweringError("LLVM knows no such\n  processor")

    monkeypatch.setattr("tinygpt.engines.kernels.write", failing)
    engines = [fastest(build()) for _ in range(2)]
    assert all(isinstance(engine, TorchEngine) for engine in engines)
    assert "numba cannot compile the model (LoweringError: " in engines[0].slower_because
    assert "LLVM knows no such processor" in engines[0].slower_because
    assert [record.getMessage().endswith(engines[0].slower_because) for record in caplog.records] == [True]


def test_weights_that_overflow_are_refused_not_blamed_on_numba(build):
    model = build()
    model.lm_head.weight.data.fill_(3e38)
    with pytest.raises(ValueError, match="not finite"):
        fastest(model)
