"""The machine that a program runs on, as one reads about it."""

import platform
import subprocess
import sys
from pathlib import Path

_MAX_NAME = 80  # characters of a processor's name


def processor() -> str:
    """The name of the processor, or of its kind where the operating system does not tell."""
    name = _processor() or platform.processor() or platform.machine() or "unknown processor"
    return " ".join("".join(filter(str.isprintable, name)).split())[:_MAX_NAME]


def _processor() -> str:
    try:
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration, ValueError, subprocess.SubprocessError):
        return ""
