"""Weights on the Hugging Face Hub: push and pull.

The Hub's library is imported inside the functions, so that a local folder never needs it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tinygpt.background import T, in_background
from tinygpt.by_heart import INDEX
from tinygpt.card import model_card
from tinygpt.stored import CONFIG, METRICS, WEIGHTS, read_facts, read_stored

CARD = "README.md"

DEADLINE = 50.0  # seconds for one push, or one search with its download

_ON_THE_HUB = re.compile(r"(?P<repo_id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
_LOG_IN = "run `hf auth login` or set HF_TOKEN"


class NotACheckpointError(ValueError):
    """A repo on the Hub that holds another kind of model, or none."""


def push(folder: str | Path, repo_id: str, *, private: bool = False) -> str:
    """Publish the checkpoint in `folder` as one commit, and return the repo's URL.

    Only the weights, config.json, metrics.jsonl, memorised.npy and README.md go up, the last three where they
    are; without a README.md the model card takes its place. The repo is created if need be; `private`
    says how, and changes nothing about one that exists. Nothing in `folder` is ever written to.

    Raises ValueError for an id that is none, for a checkpoint that does not load or for what the
    Hub refuses, FileNotFoundError without a checkpoint, PermissionError without the right to write
    there, TimeoutError after 50 seconds, and ConnectionError when the Hub cannot be reached.
    """
    check_repo_id(repo_id)
    read_stored(folder)  # what nobody could open is not published
    files = _published(Path(folder), repo_id)
    try:
        return _within_deadline(partial(_upload, files, repo_id, private))
    except Exception as error:  # the library lets many kinds through, its HTTP client's own among them
        slow = f'`hf upload {repo_id} {folder} . --include "*.json*" --include {WEIGHTS}`'
        raise _explained(
            error,
            doing=f"pushing {folder} to {repo_id}",
            denied=f"you may not write to {repo_id} on the Hub: {_LOG_IN} to a token with write access",
            slow=f"look whether it has arrived, try again, or on a slow line take {slow}",
        ) from error


def find_weights(source: str | Path) -> Path:
    """The folder of a checkpoint: a path on this machine, or the Hub's `user/name` or `user/name@revision`.

    A path that exists comes first and is returned as it is. From the Hub only the published files
    are fetched, into the library's own cache; what is there is not fetched again, except a damaged
    download, and serves when the Hub does not answer.

    Raises FileNotFoundError when there is neither, PermissionError when the Hub wants a login,
    NotACheckpointError, a ValueError, for another kind of model, OSError when the cache cannot be
    written, and unless a copy is cached, ConnectionError without an answer and TimeoutError after
    50 seconds.
    """
    if Path(source).exists():
        return Path(source)
    repo_id, revision = _on_the_hub(source)
    absent = f"{source} is neither a folder here nor a model on the Hub that you may read"
    try:
        return _within_deadline(partial(_download, repo_id, revision))
    except NotACheckpointError:
        raise
    except Exception as error:  # as in push
        problem = _explained(
            error,
            doing=f"{source} is no folder here, and fetching it from the Hub",
            denied=f"{absent}: check the name, or if it is private, {_LOG_IN}",
            slow=f"try again, or on a slow line run `hf download {repo_id} --revision {revision}` first",
        )
        cached = _cached(repo_id, revision)
        if cached and isinstance(problem, ConnectionError | TimeoutError):
            return cached
        raise problem from error


def check_repo_id(repo_id: str) -> None:
    """Raise ValueError, without asking the Hub, unless `repo_id` can be the name of a model there."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    form = f"{repo_id!r} is not a name on the Hub: it must look like user/name"
    if repo_id.count("/") != 1:
        raise ValueError(form)
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ValueError(f"{form} ({_one_line(error)})") from None


def _published(folder: Path, repo_id: str) -> dict[str, bytes]:
    """The files that a push uploads. Raises ValueError when a run replaces them meanwhile."""
    facts = read_facts(folder)
    # Not the file: after a crash in a save, the config that counts may still lie under another name.
    files = {WEIGHTS: (folder / WEIGHTS).read_bytes(), CONFIG: json.dumps(facts, indent=2, ensure_ascii=False).encode()}
    if hashlib.sha256(files[WEIGHTS]).hexdigest() != facts["weights_sha256"]:
        raise ValueError(f"{folder / WEIGHTS} was replaced while it was read: push it again when its run has ended")
    for name in (METRICS, INDEX, CARD):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    if CARD not in files:
        files[CARD] = model_card(facts, repo_id).encode()
    return files


def _upload(files: dict[str, bytes], repo_id: str, private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    url = api.create_repo(repo_id, private=private, exist_ok=True)
    additions = [CommitOperationAdd(name, content) for name, content in files.items()]
    api.create_commit(repo_id, additions, commit_message="Publish a tinygpt checkpoint")
    return str(url)


def _on_the_hub(source: str | Path) -> tuple[str, str]:
    """The repo's id and the revision that a source names."""
    name = source.as_posix() if isinstance(source, Path) else source
    match = _ON_THE_HUB.fullmatch(name)
    try:
        check_repo_id(match["repo_id"] if match else name)
    except ValueError as error:
        raise FileNotFoundError(f"{source} is neither a folder here nor a model on the Hub: {error}") from None
    return match["repo_id"], match["revision"] or "main"


def _download(repo_id: str, revision: str) -> Path:
    """The folder of the cached snapshot, once all of it is there."""
    from huggingface_hub import HfApi, hf_hub_download

    # One short question first: the downloads below retry for long when there is no answer.
    info = HfApi().model_info(repo_id, revision=revision, timeout=DEADLINE / 5)
    listed = {file.rfilename for file in info.siblings}
    if not listed >= {WEIGHTS, CONFIG}:
        raise NotACheckpointError(f"{repo_id} on the Hub is no tinygpt checkpoint: it lacks {WEIGHTS} or {CONFIG}")
    names = [name for name in (CONFIG, WEIGHTS, METRICS, INDEX, CARD) if name in listed]
    folder = _fetched(repo_id, info.sha, names)
    if not _is_whole(folder):  # the library checks the length alone; what is damaged again will not load
        _fetched(repo_id, info.sha, names, again=True)
    # By the revision's name, so that the cache knows what it stands for, and knows it only now:
    # until a newer commit has arrived, the name stands for the one before.
    hf_hub_download(repo_id, CONFIG, revision=revision)
    return folder


def _fetched(repo_id: str, commit: str, names: list[str], again: bool = False) -> Path:
    # File by file: the library's own download of many has threads that a process waits for at its end.
    from huggingface_hub import hf_hub_download

    for name in names:
        path = Path(hf_hub_download(repo_id, name, revision=commit, force_download=again))
        if name == CONFIG and b'"weights_sha256"' not in path.read_bytes():  # before a large model is fetched
            raise NotACheckpointError(f"{repo_id} on the Hub is no tinygpt checkpoint: its {CONFIG} is of another kind")
    return path.parent


def _is_whole(folder: Path) -> bool:
    try:
        read_facts(folder)
    except ValueError:
        return False
    return True


def _cached(repo_id: str, revision: str) -> Path | None:
    """What an earlier download of this revision left, if it is complete."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        paths = [hf_hub_download(repo_id, name, revision=revision, local_files_only=True) for name in (CONFIG, WEIGHTS)]
    except LocalEntryNotFoundError:
        return None
    return Path(paths[0]).parent


def _within_deadline(work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TimeoutError when that takes longer than DEADLINE.

    The library has no such limit: it waits for some answers for ever, and retries others for
    minutes. A thread cannot be stopped, so a late one is left behind. It ends with the process,
    and if that lives on, it may still finish what it began.
    """
    return in_background(work).result(DEADLINE)


def _explained(error: Exception, *, doing: str, denied: str, slow: str) -> Exception:
    """The same in one line: what went wrong and what to do next."""
    from huggingface_hub.errors import HfHubHTTPError

    causes = list(_causes(error))
    status = next((cause.response.status_code for cause in causes if isinstance(cause, HfHubHTTPError)), None)
    if isinstance(error, TimeoutError):
        return TimeoutError(f"{doing} took longer than {DEADLINE:g} seconds and was given up; {slow}")
    if status in (401, 403):
        return PermissionError(f"{denied} (the Hub answered {status})")
    if status == 404:
        return FileNotFoundError(f"{denied} (the Hub answered {status})")
    if status and status < 500 and status not in (408, 429):
        return ValueError(f"{doing} was refused (the Hub answered {status}: {_one_line(error)})")
    if status:
        return ConnectionError(f"{doing} failed (the Hub answered {status}); try again later")
    if isinstance(error, OSError) and error.errno:  # of this machine: a full disk, a folder that is not ours
        return OSError(f"{doing} failed: {error}")
    return ConnectionError(f"{doing} failed ({_one_line(causes[-1])}); check the connection")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
