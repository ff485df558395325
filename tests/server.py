"""The app as its users run it: app.py in a process of its own, on a free port of this machine."""

import os
import signal
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
def serving(*flags: str, cwd: Path = ROOT, **environment: str) -> Iterator[str]:
    """app.py with these flags and additions to the environment, started in `cwd`; gives its address."""
    port = free_port()
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *flags]
    with wait_until_listening(command, cwd=cwd, **environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def wait_until_listening(command: list[str], cwd: Path, **environment: str) -> Iterator[None]:
    """A process that starts the app, from the moment it says that it listens; killed in the end."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that what a shell started ends with it
    )
    try:
        said = ""
        while "Running on local URL" not in said:
            line = process.stdout.readline()
            assert line, f"the app ended before it listened:\n{said}"
            said += line
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.communicate()
