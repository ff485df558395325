"""Scheduling: as many texts are computed at once as there are cores, the others wait in line."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from tinygpt.background import cores

T = TypeVar("T")


class FairSemaphore:
    """A context manager that lets `places` threads in at once, and the others in the order in which they came.

    A thread that leaves and comes back at once is behind all that wait, unlike with threading.Semaphore. A thread pool
    would be as fair, but moves a text from core to core: that costs a fifth of the rate.
    """

    def __init__(self, places: int):
        self._free, self._waiting, self._lock = places, deque[Lock](), Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()  # until another thread releases it for this one
        except BaseException:  # Ctrl-C
            with self._lock:
                waiting = turn in self._waiting
                if waiting:
                    self._waiting.remove(turn)
            if not waiting:
                self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


# Without it, many texts at once would keep everything else in the process from running, such as a page's server.
_CORES = FairSemaphore(cores())


def in_turn(work: Callable[..., T], *arguments: object) -> T:
    """Run `work(*arguments)` when a core is free for it; return what it returns or raise what it raises."""
    with _CORES:
        return work(*arguments)
