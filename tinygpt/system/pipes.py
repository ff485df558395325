"""Standard streams that nothing reads any more, as in `tinygpt | head`."""

import errno
import os
from typing import TextIO


def is_closed_pipe(error: OSError) -> bool:
    """Whether an error of printing says that nothing reads the stream any more."""
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def lead_to_nowhere(stream: TextIO) -> None:
    """Drop what is printed to a standard stream from now on, and what it still holds when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
