"""The files of a folder of weights that are published: which ones, and a copy of them that no training run replaces."""

import logging
import re
from pathlib import Path

from tinygpt.checkpoint.facts import format_facts
from tinygpt.checkpoint.reading import CONFIG, HISTORY, METRICS, WEIGHTS, read_checkpoint, read_facts
from tinygpt.data.memorization import FORMAT_1_INDEX, INDEX

CARD = "README.md"
SAMPLE = "sample.json"
# Beside the weights and their config, if they exist. The training text can be read out of its index, character by
# character, so that it is published only on request.
OPTIONAL_FILES = (METRICS, CARD, SAMPLE)
INDEX_FILES = (INDEX, FORMAT_1_INDEX)

_SNAPSHOT = re.compile(rf"({HISTORY}/step-\d{{1,12}})/({re.escape(CONFIG)}|{re.escape(WEIGHTS)})", re.ASCII)
_log = logging.getLogger(__name__)


def snapshot_of(name: str) -> str | None:
    """The folder of the snapshot that a file belongs to, given its name in the folder of the run, or None."""
    match = _SNAPSHOT.fullmatch(name)
    return match[1] if match else None


def snapshot_folders(folder: Path) -> list[Path]:
    """The folders of the snapshots of a run, in order of their names."""
    return sorted(path for path in folder.glob(f"{HISTORY}/*") if snapshot_of(f"{HISTORY}/{path.name}/{CONFIG}"))


def is_published(name: str) -> bool:
    """Whether a file may be published, given its name in the folder of the run, with slashes."""
    return name in (WEIGHTS, CONFIG, *OPTIONAL_FILES, *INDEX_FILES) or snapshot_of(name) is not None


def names_in(folder: Path) -> list[str]:
    """The names of all files below a folder, with slashes, in order."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def published_files(folder: Path) -> dict[str, Path]:
    """The files in a folder that may be published, by their names."""
    return {name: folder / name for name in names_in(folder) if is_published(name)}


def copy_published(folder: Path, target: Path, *, with_index: bool = False) -> None:
    """Copy the files of a checkpoint that are published, its snapshots among them, to a folder that exists.

    Snapshots that do not load are left out, which is logged. Raises as read_checkpoint does; also ValueError when a
    training run replaces the weights meanwhile, and OSError.
    """
    read_checkpoint(folder)  # a checkpoint that nobody could load is not published
    _copy_checkpoint(folder, target)
    for name in (*OPTIONAL_FILES, *INDEX_FILES * with_index):
        if (folder / name).is_file():
            (target / name).write_bytes((folder / name).read_bytes())
    for snapshot in snapshot_folders(folder):
        try:
            read_checkpoint(snapshot)
        except (OSError, ValueError) as error:
            _log.warning("Leaving out a snapshot: %s", error)
            continue
        copy = target / HISTORY / snapshot.name
        copy.mkdir(parents=True)
        _copy_checkpoint(snapshot, copy)


def _copy_checkpoint(folder: Path, target: Path) -> None:
    """Copy the weights of a checkpoint that was read already, and write their config."""
    # Not the file config.json: after a crash during a save, the valid config may still be in config.next.json.
    facts = read_facts(folder)
    (target / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes())
    (target / CONFIG).write_bytes(format_facts(facts))
    try:
        read_facts(target)
    except ValueError:
        problem = f"{folder / WEIGHTS} was replaced while it was copied"
        raise ValueError(f"{problem}: try again after the training run has ended") from None
