"""Files and folders written whole: in one step, or not at all."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tinygpt.system.os_errors import explained

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
    """Make a folder of the files that the block writes, once all of them are written, or not at all.

    Yields a folder to write to. It lies in a temporary one, beside `path`, and is renamed in one step. If `path` is an
    empty folder, which may be in use or on another disk than its parent, the temporary one lies in it, and the finished
    files are moved out of it. A process that is killed leaves the temporary folder, `.NAME.` and random letters.

    Raises FileExistsError unless there is no such folder yet, or an empty one. Turns an error of the operating system
    within the block into one that says that the folder could not be written.
    """
    with explained(f"{path} could not be written", "choose another folder"):
        _check_free(path)
        path = path.resolve()
        exists = path.is_dir()
        beside = path if exists else path.parent
        beside.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}.", dir=beside, ignore_cleanup_errors=True) as temporary:
            part = Path(temporary) / "part"  # unlike the temporary folder, others may read it
            part.mkdir()
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    with file.open("ab") as written:
                        os.fsync(written.fileno())
            if not exists:
                replace(part, path)
                return
            _check_free(path, but=Path(temporary).name)
            for file in sorted(part.iterdir()):
                replace(file, path / file.name)


def _check_free(path: Path, but: str = "") -> None:
    """Raise FileExistsError unless nothing is at a path, or a folder that is empty but for one name."""
    if os.path.lexists(path) and not (path.is_dir() and not {file.name for file in path.iterdir()} - {but}):
        raise FileExistsError(f"{path} is there already, and is not an empty folder: choose another one")
