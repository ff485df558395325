"""What the benchmarks share: a description of the machine, a stopwatch, and a run of train.py as users start it."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tinygpt.checkpoint.reading import read_facts
from tinygpt.system.machine import processor

TRAIN = Path(__file__).parent.parent / "train.py"


def describe() -> str:
    """Return the processor, its cores, torch's threads and the versions in one line."""
    return (
        f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    )


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of a call in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run_training(*flags: object) -> tuple[float, dict[str, Any]]:
    """Run train.py with these flags and an empty compilation cache.

    Returns the wall time in seconds, from the start of Python to its end, and the facts in the run's config.json.
    Raises ValueError with the last line of its errors when it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = list(map(str, [sys.executable, TRAIN, *flags, "--out", run]))
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(Path(folder) / "compiled")}
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        elapsed = time.perf_counter() - start
        if done.returncode:
            raise ValueError((done.stderr.strip().splitlines() or [f"train.py ended with {done.returncode}"])[-1])
        return elapsed, read_facts(run)
