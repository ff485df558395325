"""The folder of a run: locked while a process writes to it, begun only where no other run is, with room on its disk."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tinygpt.checkpoint.reading import BEST, CONFIG, HISTORY, METRICS, NEXT_CONFIG, WEIGHTS
from tinygpt.data.memorization import FORMAT_1_INDEX, INDEX
from tinygpt.system.os_errors import explained
from tinygpt.training.state import STATE

LOCK = ".lock"  # stays in the folder: what binds is the operating system's lock on it, which ends with its process
OUTPUT = "output.txt"  # a sample of what the trained model writes
# The files of a run, or about its weights.
_FILES = (STATE, WEIGHTS, CONFIG, NEXT_CONFIG, METRICS, HISTORY, BEST, OUTPUT, INDEX, FORMAT_1_INDEX)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder if need be, and keep all other processes from training in it within the block.

    Raises BlockingIOError while another one does, and OSError when the folder cannot be written to.
    """
    lock = FileLock(folder / LOCK)
    with explained(f"the run cannot be kept in {folder}", "choose another folder"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            problem = f"another training is writing to {folder}: wait for its end, or choose another folder"
            raise BlockingIOError(problem) from None
    try:
        yield
    finally:
        lock.release()


def check_unused(folder: Path) -> None:
    """Raise FileExistsError, naming what is there, for a folder in which a new run would overwrite something."""
    if (folder / STATE).exists():
        raise FileExistsError(f"{folder} already holds a run: resume it, or choose another folder")
    if found := [name for name in _FILES if (folder / name).exists()]:
        raise FileExistsError(f"{folder} already holds {', '.join(found)}: choose another folder for the run")


def delete_run(folder: Path) -> None:
    """Delete a run's folder and all that is in it.

    Raises BlockingIOError while a training writes to it, and then nothing is deleted; and OSError. If that is cut
    short, what is left is no checkpoint any more. Links in the folder are deleted, not what they lead to.
    """
    with explained(f"{folder} could not be deleted", "delete it by hand"):
        with locked(folder):
            (folder / CONFIG).unlink(missing_ok=True)
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != LOCK:
                    path.unlink()
        shutil.rmtree(folder)


def check_free_disk(folder: Path, state_bytes: int, weights_bytes: int, others: int) -> None:
    """Raise OSError, with both numbers, unless the folder's disk has room for the files of a run.

    Args:
        folder: of the run; it exists. Files of the run that are in it already need no room any more.
        state_bytes: the size of the training state. While it is replaced, the old one and the new one exist.
        weights_bytes: the size of one checkpoint.
        others: how many checkpoints are kept beside the published one.
    """
    files = [folder / STATE, folder / WEIGHTS, folder / BEST / WEIGHTS, *folder.glob(f"{HISTORY}/*/{WEIGHTS}")]
    present = sum(path.stat().st_size for path in files if path.is_file())
    needed, free = 2 * state_bytes + (1 + others) * weights_bytes - present, shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"the run needs {needed / 1e6:,.1f} MB of disk, and the one that holds {folder} has {free / 1e6:,.1f} MB "
            "free: make room, or choose another folder"
        )
