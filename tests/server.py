"""Start app.py as its users do: as a separate process, on a free local port."""

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
    """Run app.py in `cwd` with these flags and additional environment variables, and yield its URL."""
    port = free_port()
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *flags]
    with wait_until_listening(command, cwd=cwd, **environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def wait_until_listening(command: list[str], cwd: Path, **environment: str) -> Iterator[subprocess.Popen]:
    """Run a command that starts the app, yield its process once the app listens, and kill it afterwards."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that killing the group also ends what a shell started
    )
    try:
        output = ""
        while "Running on local URL" not in output:
            line = process.stdout.readline()
            assert line, f"the app ended before it listened:\n{output}"
            output += line
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.communicate()
