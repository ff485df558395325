"""Files read whole and written whole."""

import os
import time
from pathlib import Path

_RENAME_SECONDS = 2.0  # how long to wait for a file that another program has open


def file_size(path: Path) -> int:
    """The size of a file in bytes.

    Raises FileNotFoundError with the next step, and ValueError for a folder, a pipe or a device.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} does not exist: train it with `python train.py`, or check the path") from None
    if not path.is_file():  # reading a pipe could wait forever
        raise ValueError(f"{path} is not a file but a folder or a device: check the path")
    return size


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a whole file of at most `limit` bytes.

    It is not memory-mapped, so that replacing it does no harm to a running program. Raises as file_size does, and
    ValueError for a larger file, of which nothing is read.
    """
    if (size := file_size(path)) > limit:
        raise ValueError(f"{path} is too large ({size:,} bytes, at most {limit:,}): download or train it again")
    return path.read_bytes()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step: after a crash, and to any reader, it has its old content or its new content.

    Raises OSError, and then the old content stays.
    """
    part = path.with_name(f".{path.name}.part")  # a fixed name, so that the next write replaces what a crash leaves
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def replace(source: Path, target: Path) -> None:
    """Rename a file, replacing one that is there, in one step. Raises OSError.

    Windows refuses while another program has the old file open: readers do so for a moment, which is waited for.
    """
    deadline = time.monotonic() + _RENAME_SECONDS
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def one_line(error: Exception) -> str:
    """What an error says, which may quote a damaged file, in one line of bounded length."""
    return " ".join(str(error).split())[:200] or type(error).__name__
