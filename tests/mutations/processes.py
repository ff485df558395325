"""Processes that may be killed, forked from a server that has imported already what takes seconds."""

import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch._dynamo", "tests.mutations.reading", "tests.mutations.killing"])

_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove")  # of Python's audit hooks


def on_access(folder: Path, act: Callable[[], None]) -> None:
    """Call `act` before every access of this process to a file in the folder from now on."""
    start = str(folder)
    sys.addaudithook(lambda event, args: act() if event in _EVENTS and str(args[0]).startswith(start) else None)
