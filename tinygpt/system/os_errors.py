"""Errors of the operating system, said in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def explained(problem: str, remedy: str) -> Iterator[None]:
    """Turn an error of the operating system within the block into one that says what it prevented, and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # it is a sentence already
            raise
        where = f": {error.filename}" if error.filename else ""
        raise OSError(f"{problem} ({error.strerror}{where}): {remedy}") from error
