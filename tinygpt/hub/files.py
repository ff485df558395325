"""The files of a folder of weights that are published: which ones, and a copy of them that no training run replaces."""

import json
import logging
import os
import re
import shutil
from pathlib import Path

from tinygpt.checkpoint.facts import MAX_BYTES, format_facts
from tinygpt.checkpoint.files import read_bytes
from tinygpt.checkpoint.reading import (
    CONFIG,
    HISTORY,
    MAX_METRICS_BYTES,
    METRICS,
    NEXT_CONFIG,
    WEIGHTS,
    read_checkpoint,
    read_facts,
)
from tinygpt.data.memorization import FORMAT_1_INDEX, INDEX, MAX_INDEX_BYTES
from tinygpt.inference.sample import MAX_SAMPLE_BYTES, SAMPLE

CARD = "README.md"
# Beside the weights and their config, if they exist, with the most bytes that each can have. The training text can be
# read out of its index, character by character, so that it is published only on request.
OPTIONAL_FILES = {METRICS: MAX_METRICS_BYTES, CARD: MAX_BYTES, SAMPLE: MAX_SAMPLE_BYTES}
INDEX_FILES = {INDEX: MAX_INDEX_BYTES, FORMAT_1_INDEX: MAX_INDEX_BYTES}

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

    Snapshots that cannot be published are left out, which is logged. Raises as read_checkpoint does; also ValueError
    for a link that leads out of the folder, for a file that is too large, and when a training run replaces the weights
    meanwhile; and OSError.
    """
    _check_links(folder, folder)
    read_checkpoint(folder)  # a checkpoint that nobody could load is not published
    _copy_checkpoint(folder, target)
    for name, limit in (OPTIONAL_FILES | (INDEX_FILES if with_index else {})).items():
        if (folder / name).is_file():
            content = read_bytes(folder / name, limit)
            if name == METRICS:
                content = content[: content.rfind(b"\n") + 1]  # without a last row that a crash cut short
            if name == METRICS and not _is_rows(content):
                _log.warning("Leaving out %s: it does not hold rows of JSON, as the metrics of a run do", folder / name)
            else:
                (target / name).write_bytes(content)
    for snapshot in snapshot_folders(folder):
        copy = target / HISTORY / snapshot.name
        try:
            _check_links(snapshot, folder)
            read_checkpoint(snapshot)
            copy.mkdir(parents=True)
            _copy_checkpoint(snapshot, copy)
        except (FileNotFoundError, ValueError) as error:  # damaged, or removed by the run meanwhile
            _log.warning("Leaving out a snapshot: %s", error)
            shutil.rmtree(copy, ignore_errors=True)


def _check_links(folder: Path, run: Path) -> None:
    """Raise ValueError if a file to publish is a link that leads out of the folder of the run.

    Folders from elsewhere may hold links to private files. Those in huggingface_hub's cache hold links to the files of
    the same repository, which lie in `blobs` beside `snapshots`.
    """
    run = Path(os.path.realpath(run))
    cache = run.parent.parent / "blobs" if run.parent.name == "snapshots" else run
    for name in (WEIGHTS, CONFIG, NEXT_CONFIG, *OPTIONAL_FILES, *INDEX_FILES):
        path = Path(os.path.realpath(folder / name))  # which takes links in a circle, too
        if not (path.is_relative_to(run) or path.parent == cache):
            raise ValueError(
                f"{folder / name} is a link to {path}, outside of its folder: to publish it, put a copy in its place"
            )


def _is_rows(content: bytes) -> bool:
    """Whether each line is an object of JSON."""
    try:
        return all(isinstance(json.loads(line), dict) for line in content.splitlines())
    except (ValueError, RecursionError):
        return False


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
