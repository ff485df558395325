"""Scheduling: as many texts are computed at once as there are cores; the others wait in line."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Semaphore
from typing import TypeVar

from tinygpt.background import cores

T = TypeVar("T")


class Cores:
    """Computes for many threads, on a few cores at once.

    Where a core is free, a thread computes by itself. Where none is, its work waits for a thread of a pool, which takes
    up the next work as soon as it has done one: it need not wait until the thread that had asked wakes up.
    """

    def __init__(self, count: int):
        self._count, self._asking, self._lock = count, 0, Lock()
        self._free, self._pool = Semaphore(count), ThreadPoolExecutor(count, thread_name_prefix="core")

    def run(self, work: Callable[..., T], *arguments: object) -> T:
        """See in_turn."""
        with self._lock:
            self._asking += 1
            at_once = self._asking <= self._count
        try:
            return self._compute(work, *arguments) if at_once else self._queued(work, *arguments)
        finally:
            with self._lock:
                self._asking -= 1

    def _queued(self, work: Callable[..., T], *arguments: object) -> T:
        try:
            future = self._pool.submit(self._compute, work, *arguments)
        except RuntimeError:  # pools close as soon as Python begins to exit, while threads may still be writing
            return self._compute(work, *arguments)
        return future.result()

    def _compute(self, work: Callable[..., T], *arguments: object) -> T:
        with self._free:  # those who compute by themselves may not have ended when the pool begins
            return work(*arguments)


# Without it, many texts at once would keep everything else in the process from running, such as a page's server.
_cores = Cores(cores())


def in_turn(work: Callable[..., T], *arguments: object) -> T:
    """Run `work(*arguments)` when a core is free for it; return what it returns or raise what it raises.

    Those who wait come in the order in which they came, and whoever comes back at once is behind them. Work may run in
    another thread, and must not call in_turn itself: with all cores taken, both would wait forever.
    """
    return _cores.run(work, *arguments)
