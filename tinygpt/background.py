"""Work that goes on while something else is done, or waited for."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Begin `work` in a thread that ends with the process; the future has what it returns or raises."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # handed over, whatever it is, to the one who waits
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome
