"""Find weights: in a local folder, on the Hugging Face Hub, or in the cache of an earlier download.

huggingface_hub is imported inside the functions: it takes a while, and a local folder never needs it.
"""

import logging
import re
from pathlib import Path

from tinygpt.checkpoint.reading import CONFIG, WEIGHTS
from tinygpt.hub.connection import LOG_IN, HubError, check_repo_id, explained
from tinygpt.hub.download import Repository
from tinygpt.system.shell import command_line

_log = logging.getLogger(__name__)
_ON_THE_HUB = re.compile(r"(?P<repo_id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)


def find_weights(source: str | Path, *, snapshots: bool = False) -> Path:
    """Return the folder of a checkpoint, given a local path or the Hub's `user/name` or `user/name@revision`.

    A path that exists is returned as it is. From the Hub, only the files of a checkpoint are downloaded, into
    huggingface_hub's cache, with its `snapshots` only if asked for. Cached files are not downloaded again unless they
    are damaged, and they are used when the Hub cannot be reached.

    Raises FileNotFoundError when there is neither, PermissionError when the Hub requires a login,
    NotACheckpointError, a ValueError, for another kind of model, and OSError when the cache cannot be written.
    Unless a copy is cached, also ConnectionError when the Hub cannot be reached, and TimeoutError when a step has not
    ended within 50 seconds and the time that its bytes take at 50 kB/s.
    """
    if Path(source).exists():
        return Path(source)
    repo_id, revision = name_on_the_hub(source)
    try:
        repository = Repository(repo_id, revision)
        folder = repository.download()
    except (HubError, OSError) as error:
        problem = _explained_download(error, source, repo_id, revision)
        cached = _cached(repo_id, revision)
        if cached and isinstance(problem, ConnectionError | TimeoutError):
            return cached
        raise problem from error
    if snapshots:
        try:
            repository.download_snapshots(folder)
        except (HubError, OSError) as error:
            _log.warning("Without snapshots: %s", _explained_download(error, source, repo_id, revision))
    return folder


def _explained_download(error: HubError | OSError, source: str | Path, repo_id: str, revision: str) -> Exception:
    absent = f"{source} is neither a local folder nor a model on the Hub that you may read"
    by_hand = command_line("hf", "download", repo_id, "--revision", revision)
    return explained(
        error,
        doing=f"{source} is not a local folder, and downloading it from the Hub",
        denied=f"{absent}: check the name, or if it is private, {LOG_IN}",
        slow=f"try again, or on a slow connection run `{by_hand}` first",
        local="make room there, or set HF_HOME to a folder of yours",
    )


def name_on_the_hub(source: str | Path) -> tuple[str, str]:
    """The repository id and the revision that a source names. Raises FileNotFoundError when it can name none."""
    name = source.as_posix() if isinstance(source, Path) else source
    match = _ON_THE_HUB.fullmatch(name)
    try:
        check_repo_id(match["repo_id"] if match else name)
    except ValueError as error:
        raise FileNotFoundError(f"{source} is neither a local folder nor a model on the Hub: {error}") from None
    return match["repo_id"], match["revision"] or "main"


def _cached(repo_id: str, revision: str) -> Path | None:
    """The folder of an earlier download of this revision, or None unless it is complete."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        paths = [hf_hub_download(repo_id, name, revision=revision, local_files_only=True) for name in (CONFIG, WEIGHTS)]
    except LocalEntryNotFoundError:
        return None
    return Path(paths[0]).parent
