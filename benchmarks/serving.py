"""What figures of the served page need: a server started as users start it, and a visitor's request."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APP = Path(__file__).parent.parent / "app.py"


class Server:
    """A process that serves a page on this machine."""

    def __init__(self, script: Path, *flags: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(script), "--port", str(port), *flags]
        self.started = time.perf_counter()
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def wait(self) -> None:
        """Until the page answers. Raises ValueError when it never does."""
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - self.started > 60:
                raise ValueError(f"{self._process.args[1]} ended, or had no page after a minute")
            time.sleep(0.002)
        self.answered = time.perf_counter()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address) as page:
                return bool(page.read())
        except urllib.error.URLError:
            return False

    def memory(self, field: str = "VmRSS") -> float:
        """Megabytes of memory in use, or with VmHWM the most so far. Raises OSError where /proc does not tell it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) / 1024

    def texts(self, **request: object) -> Iterator[str]:
        """A text as /generate streams it: each time all that there is."""
        call = f"{self.address}/gradio_api/call/v2/generate"
        body = json.dumps(request).encode()
        with urllib.request.urlopen(urllib.request.Request(call, body, {"Content-Type": "application/json"})) as answer:
            event = json.load(answer)["event_id"]
        with urllib.request.urlopen(f"{self.address}/gradio_api/call/generate/{event}") as stream:
            for line in stream:
                if line.startswith(b"data: [") and (text := json.loads(line[6:])[0]):
                    yield text

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextmanager
def serving(script: Path = APP, *flags: str) -> Iterator[Server]:
    """A server, once it answers, and until the block ends."""
    server = Server(script, *flags)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
