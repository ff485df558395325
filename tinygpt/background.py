"""Threads: how many cores there are for them, and running a function in the background."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_background(work: Callable[[], T]) -> Future[T]:
    """Call `work` in a daemon thread. The future gets what it returns or raises.

    An executor's threads are joined when the interpreter exits; this one is not, so that work that hangs
    never keeps a program from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised again by Future.result
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
