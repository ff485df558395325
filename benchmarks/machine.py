"""What several figures need: the machine in one line, a stopwatch, and a run of train.py as a user starts it."""

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

from tinygpt.stored import read_facts

TRAIN = Path(__file__).parent.parent / "train.py"


def describe() -> str:
    """Processor, cores, threads in use and versions."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    )


def trained(*flags: object) -> tuple[float, dict[str, Any]]:
    """Seconds from the start of python to its end, nothing compiled beforehand, and what config.json then says."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, TRAIN, *flags, "--out", Path(folder) / "run"]
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(Path(folder) / "compiled")}
        start = time.perf_counter()
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
        seconds = time.perf_counter() - start
        if done.returncode:
            sys.exit(done.stderr.strip().splitlines()[-1])
        return seconds, read_facts(Path(folder) / "run")


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
