"""Download a checkpoint from the Hub into huggingface_hub's cache: only its files, and none that is too large.

huggingface_hub is imported inside the functions: it takes a while, and a local folder never needs it.
"""

import errno
import logging
import shutil
from collections.abc import Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.facts import MAX_BYTES, parse_facts
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, max_weights_bytes, read_facts
from tinygpt.hub.connection import seconds_for, within
from tinygpt.hub.files import INDEX_FILES, OPTIONAL_FILES, snapshot_of

ANSWER_DEADLINE = 10.0  # seconds for the first answer of the Hub
MAX_SNAPSHOTS = 10  # as many as a training run keeps

_log = logging.getLogger(__name__)


class NotACheckpointError(ValueError):
    """Raised for a repository on the Hub that holds no tinygpt checkpoint."""


class Repository:
    """One commit of a repository on the Hub that holds a checkpoint."""

    def __init__(self, repo_id: str, revision: str):
        """List the files. Raises NotACheckpointError without weights or config, and what huggingface_hub raises."""
        from huggingface_hub import HfApi

        # One short request: without an answer, downloads would retry for a long time.
        ask = partial(HfApi().model_info, repo_id, revision=revision, timeout=ANSWER_DEADLINE, files_metadata=True)
        info = within(seconds_for(0), ask)
        self.repo_id, self.revision, self.commit = repo_id, revision, info.sha
        # A size that is not told passes no limit.
        self._sizes = {file.rfilename: inf if file.size is None else file.size for file in info.siblings or ()}
        if not self._sizes.keys() >= {WEIGHTS, CONFIG}:
            raise NotACheckpointError(
                f"{repo_id} on the Hub is not a tinygpt checkpoint: it lacks {WEIGHTS} or {CONFIG}"
            )

    def download(self) -> Path:
        """Download the weights and what lies beside them, and return their folder.

        Raises NotACheckpointError for another kind of model or one that is too large, and what huggingface_hub raises.
        """
        from huggingface_hub import hf_hub_download

        facts = self._download_facts()
        if self._sizes[WEIGHTS] > max_weights_bytes(facts):
            self._refuse(f"{WEIGHTS} is larger than its model")
        optional = {name: limit for name, limit in (OPTIONAL_FILES | INDEX_FILES).items() if name in self._sizes}
        fitting = [name for name, limit in optional.items() if self._sizes[name] <= limit]
        for name in sorted(optional.keys() - {*fitting}):
            _log.warning("Leaving out %s of %s: it is too large", name, self.repo_id)
        names = [CONFIG, WEIGHTS, *fitting]
        folder = self._download(names)
        if not _is_intact(folder):  # huggingface_hub checks only the length; if damaged again, it will not load
            self._download(names, force=True)
        # By the revision's name, and last: the cache maps the name to the new commit only when all of it has arrived.
        within(seconds_for(0), partial(hf_hub_download, self.repo_id, CONFIG, revision=self.revision))
        return folder

    def download_snapshots(self, folder: Path) -> None:
        """Download the snapshots to the folder that `download` returned. Raises what huggingface_hub raises."""
        limit = max_weights_bytes(read_facts(folder))
        files = {name: size for name, size in self._sizes.items() if snapshot_of(name) and size <= limit}
        found = sorted({snapshot_of(name) for name in files}, key=lambda path: (len(path), path))
        whole = [path for path in found if {f"{path}/{CONFIG}", f"{path}/{WEIGHTS}"} <= files.keys()]
        if len(whole) > MAX_SNAPSHOTS:
            _log.warning("Leaving out %d of the %d snapshots", len(whole) - MAX_SNAPSHOTS, len(whole))
        for path in whole[-MAX_SNAPSHOTS:]:
            names = [f"{path}/{WEIGHTS}", f"{path}/{CONFIG}"]  # in this order: without its config, it is none
            self._download(names)
            if not _is_intact(folder / path):
                self._download(names, force=True)

    def _download_facts(self) -> dict[str, Any]:
        """Download config.json, before anything that may be large, and return what it says."""
        if self._sizes[CONFIG] > MAX_BYTES:
            self._refuse(f"its {CONFIG} is too large")
        path = self._download([CONFIG]) / CONFIG
        if b'"weights_sha256"' not in path.read_bytes():
            self._refuse(f"its {CONFIG} has another format")
        try:
            return parse_facts(path)
        except ValueError:  # damaged on its way, it may be
            self._download([CONFIG], force=True)
        try:
            return parse_facts(path)
        except ValueError as error:
            self._refuse(str(error))

    def _download(self, names: Sequence[str], force: bool = False) -> Path:
        """Download files into the cache, and return the folder of the commit there. Raises OSError without room."""
        from huggingface_hub import constants

        size = sum(self._sizes[name] for name in names if force or not self._is_cached(name))
        cache = Path(constants.HF_HUB_CACHE)
        free = shutil.disk_usage(next(path for path in (cache, *cache.parents) if path.is_dir())).free
        if size > free:
            raise OSError(errno.ENOSPC, f"{size:,} bytes are needed, and {free:,} are free", str(cache))
        return within(seconds_for(size), partial(self._fetch, names, force))

    def _is_cached(self, name: str) -> bool:
        from huggingface_hub import try_to_load_from_cache

        return isinstance(try_to_load_from_cache(self.repo_id, name, revision=self.commit), str)

    def _fetch(self, names: Sequence[str], force: bool) -> Path:
        # One by one: snapshot_download uses threads that would keep the process from exiting.
        from huggingface_hub import hf_hub_download

        for name in names:
            path = hf_hub_download(self.repo_id, name, revision=self.commit, force_download=force)
        return Path(path).parents[len(Path(names[-1]).parts) - 1]

    def _refuse(self, problem: str) -> None:
        raise NotACheckpointError(f"{self.repo_id} on the Hub is not a tinygpt checkpoint: {problem}")


def _is_intact(folder: Path) -> bool:
    try:
        read_facts(folder)
    except ValueError:
        return False
    return True
