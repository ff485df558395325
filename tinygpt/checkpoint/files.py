"""Files read whole, within bounds."""

from pathlib import Path


def file_size(path: Path) -> int:
    """The size of a file in bytes.

    Raises FileNotFoundError with the next step, and ValueError for a folder, a pipe or a device.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} does not exist: train it first, or check the path") from None
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


def one_line(error: Exception) -> str:
    """What an error says, which may quote a damaged file, in one line of bounded length."""
    return " ".join(str(error).split())[:200] or type(error).__name__
