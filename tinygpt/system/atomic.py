"""Files and folders written whole: in one step, or not at all."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How long to wait for a file that another program has open, in seconds. Elsewhere such a file can be replaced at once.
_RENAME_SECONDS = 2.0 if os.name == "nt" else 0.0


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step: after a crash, and to any reader, it has its old content or its new content.

    Raises OSError, and then the old content stays.
    """
    with written_beside(path, content) as part:
        replace(part, path)


@contextmanager
def written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """Write content to a new file in the folder of `path`, and remove the file after the block if it is still there.

    Yields the path of the new file. Raises OSError.
    """
    part = path.with_name(f".{path.name}.part")  # a fixed name, so that the next write replaces what a crash leaves
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
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
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Make a folder appear in one step, with all files that the block writes, or not at all.

    Yields a folder beside it to write to. Raises OSError, and FileExistsError unless there is no such folder yet, or an
    empty one.
    """
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(f"{path} is there already, and is not an empty folder: choose another one")
    path = path.absolute()
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # left by a crash
    try:
        part.mkdir(parents=True)
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                with file.open("ab") as written:
                    os.fsync(written.fileno())
        if path.exists():
            path.rmdir()  # Windows does not rename over a folder, not even over an empty one
        replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
