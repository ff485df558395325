"""Taking turns at the cores."""

import os
from collections import deque
from threading import Lock


def cores() -> int:
    """How many of the machine's cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Turns:
    """A context manager that lets so many threads in at once, and the others in the order in which they came.

    Unlike with a semaphore, whoever leaves and comes back at once is behind all that wait.
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
            turn.acquire()  # until it is released for us
        except BaseException:  # Ctrl-C
            with self._lock:
                came = turn not in self._waiting
                if not came:
                    self._waiting.remove(turn)
            if came:
                self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
