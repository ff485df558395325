"""The visitor's browser, opened at the page where somebody sits before this machine."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future

from tinygpt.background import in_background

# Variables that are set where nobody sits: in a session over SSH, on a Space, in a container, and under CI.
_ELSEWHERE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "SPACE_ID", "container", "KUBERNETES_SERVICE_HOST", "CI")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def at_a_desk(environ: Mapping[str, str], platform: str, *, terminal: bool) -> bool:
    """Whether a program was started by somebody who sees windows on this machine.

    Args:
        environ: the environment variables. On systems other than Windows and macOS they name the display, if there is
            one; a container gets none unless somebody passes it on.
        platform: sys.platform.
        terminal: whether the output goes to a terminal.
    """
    display = platform in ("win32", "darwin") or any(environ.get(name) for name in _DISPLAYS)
    return terminal and display and not any(environ.get(name) for name in _ELSEWHERE)


def open_in_browser(url: str) -> Future[None]:
    """Open a URL in the user's browser, in the background. If none can be started, one line says so.

    A process of its own, without a terminal, keeps what the browser prints away from the user's, waits for a browser
    that stays in the foreground, and gives a text-mode browser, such as lynx, nothing to draw on. The future is done
    when that process has ended.
    """
    nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    environment = {name: value for name, value in os.environ.items() if name != "TERM"}  # needed by text-mode ones only

    def run() -> None:
        command = [sys.executable, "-P", "-c", _OPEN, url]  # -P: no module of the current folder runs
        try:
            failed = subprocess.run(command, env=environment, start_new_session=True, **nowhere).returncode
        except OSError:
            failed = True
        if failed:
            print(f"No browser could be started: open {url} yourself.", flush=True)

    return in_background(run)
