"""What the benchmarks of the page share: a server started as users start it, a client's request, and a browser."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

APP = Path(__file__).parent.parent / "app.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (  # where browsers are that are not on the path
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


class Server:
    """A process that serves a page on a free local port."""

    def __init__(self, script: Path, *flags: str, **environment: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._script = script
        self._started = time.perf_counter()
        command = [sys.executable, str(script), "--port", str(port), *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)

    def wait(self) -> None:
        """Wait until the page answers. Raises ValueError when the process ends, or after a minute."""
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - self._started > 60:
                raise ValueError(f"{self._script} ended, or did not serve its page within a minute")
            time.sleep(0.002)
        self.answered = time.perf_counter()

    @property
    def start_seconds(self) -> float:
        """Seconds from the start of the process to the page's first answer."""
        return self.answered - self._started

    def memory(self, field: str = "VmRSS") -> float:
        """Return the memory in use in MB, or with VmHWM the maximum so far. Raises OSError where there is no /proc."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) / 1024

    def files(self) -> int:
        """Return how many files and connections are open. Raises OSError where there is no /proc."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def texts(self, **request: object) -> Iterator[str]:
        """Request a text from /generate, and yield it as far as it has been written, at each update."""
        call = f"{self.url}/gradio_api/call/v2/generate"
        body = json.dumps(request).encode()
        with urllib.request.urlopen(urllib.request.Request(call, body, {"Content-Type": "application/json"})) as answer:
            event = json.load(answer)["event_id"]
        with urllib.request.urlopen(f"{self.url}/gradio_api/call/generate/{event}") as stream:
            for line in stream:
                if line.startswith(b"data: [") and (text := json.loads(line[6:])[0]):
                    yield text

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url) as page:
                return bool(page.read())
        except OSError:  # refused, or reset while it starts
            return False


@contextmanager
def serving(script: Path = APP, *flags: str, **environment: str) -> Iterator[Server]:
    """Start a server with additional environment variables, enter the block when its page answers, and stop it then."""
    server = Server(script, *flags, **environment)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


class _FileServer(ThreadingHTTPServer):
    request_queue_size = 128  # a page asks for many files at once


class _FileHandler(SimpleHTTPRequestHandler):
    def guess_type(self, path: str) -> str:  # the registry of Windows may know scripts by other types
        types = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
        return types.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving_folder(folder: Path) -> Iterator[str]:
    """Serve the files of a folder, and enter the block with their URL."""
    with _FileServer(("127.0.0.1", 0), partial(_FileHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def find_browser() -> str | None:
    """Return the path of a Chromium, Chrome or Edge on this machine, or None."""
    found = (*map(shutil.which, BROWSERS), *(place for place in _PLACES if Path(place).exists()))
    return next(filter(None, found), None)
