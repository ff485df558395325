"""The app as its users run it: app.py in a process of its own, on a free port of this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(*flags: str) -> Iterator[str]:
    """Start app.py and give its address once it says that it listens; it ends with the block."""
    port = free_port()
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", str(port), *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = ""
        while "Running on local URL" not in said:
            line = process.stdout.readline()
            assert line, f"app.py ended before it listened:\n{said}"
            said += line
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()
