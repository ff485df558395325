"""Push checkpoints to the Hugging Face Hub, and pull them from it.

huggingface_hub is imported inside the functions: it takes a while, and a local folder never needs it.
"""

import hashlib
import json
import re
from functools import partial
from pathlib import Path

from tinygpt.checkpoint.reading import CONFIG, METRICS, WEIGHTS, read_checkpoint, read_facts
from tinygpt.data.memorization import FORMAT_1_INDEX, INDEX
from tinygpt.hub.connection import LOG_IN, check_repo_id, explained, within
from tinygpt.hub.model_card import model_card
from tinygpt.hub.upload import upload
from tinygpt.system.shell import command_line

CARD = "README.md"
# Beside the weights and their config, if they exist. The training text can be read out of its index, character by
# character, so that it is pushed only on request.
OPTIONAL_FILES = (METRICS, CARD)
INDEX_FILES = (INDEX, FORMAT_1_INDEX)

DEADLINE = 50.0  # seconds for one lookup with its download
ANSWER_DEADLINE = 10.0  # seconds for the first answer of the Hub

_ON_THE_HUB = re.compile(r"(?P<repo_id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)


class NotACheckpointError(ValueError):
    """Raised for a repository on the Hub that holds no tinygpt checkpoint."""


def push(folder: str | Path, repo_id: str, *, private: bool = False, with_index: bool = False) -> str:
    """Upload the checkpoint in `folder` as one commit, and return the repository's URL.

    The weights and config.json are uploaded, and where they exist, metrics.jsonl and README.md. Without a README.md, a
    model card is generated from config.json. A repository that does not exist is created, `private` or public; one that
    exists keeps its visibility. Nothing in `folder` is written to.

    With `with_index`, memorization.npy is uploaded too if it exists, so that the page can show what a text has in
    common with the training text. Whoever has the index can recover the training text: leave it out if that is private.

    Raises ValueError for a malformed id, for a checkpoint that does not load and for what the Hub rejects,
    FileNotFoundError without a checkpoint, PermissionError without write access, TimeoutError after 50 seconds,
    and ConnectionError when the Hub cannot be reached.
    """
    check_repo_id(repo_id)
    read_checkpoint(folder)  # a checkpoint that nobody could load is not pushed
    files = _files_to_upload(Path(folder), repo_id, with_index)
    return upload(files, repo_id, message="Upload a tinygpt checkpoint", private=private)


def find_weights(source: str | Path) -> Path:
    """Return the folder of a checkpoint, given a local path or the Hub's `user/name` or `user/name@revision`.

    A path that exists is returned as it is. From the Hub, only the files of a checkpoint are downloaded, into
    huggingface_hub's cache. Cached files are not downloaded again unless they are damaged, and they are used when
    the Hub cannot be reached.

    Raises FileNotFoundError when there is neither, PermissionError when the Hub requires a login,
    NotACheckpointError, a ValueError, for another kind of model, and OSError when the cache cannot be written.
    Unless a copy is cached, also ConnectionError when the Hub cannot be reached and TimeoutError after 50 seconds.
    """
    if Path(source).exists():
        return Path(source)
    repo_id, revision = _on_the_hub(source)
    absent = f"{source} is neither a local folder nor a model on the Hub that you may read"
    try:
        return within(DEADLINE, partial(_download, repo_id, revision))
    except NotACheckpointError:
        raise
    except Exception as error:  # as in push
        by_hand = command_line("hf", "download", repo_id, "--revision", revision)
        problem = explained(
            error,
            doing=f"{source} is not a local folder, and downloading it from the Hub",
            denied=f"{absent}: check the name, or if it is private, {LOG_IN}",
            slow=f"try again, or on a slow connection run `{by_hand}` first",
            local="make room there, or set HF_HOME to a folder of yours",
        )
        cached = _cached(repo_id, revision)
        if cached and isinstance(problem, ConnectionError | TimeoutError):
            return cached
        raise problem from error


def _files_to_upload(folder: Path, repo_id: str, with_index: bool) -> dict[str, bytes]:
    """The contents of the files to upload. Raises ValueError when a training run replaces the weights meanwhile."""
    facts = read_facts(folder)
    # Not the file config.json: after a crash during a save, the valid config may still be in config.next.json.
    files = {WEIGHTS: (folder / WEIGHTS).read_bytes(), CONFIG: json.dumps(facts, indent=2, ensure_ascii=False).encode()}
    if hashlib.sha256(files[WEIGHTS]).hexdigest() != facts["weights_sha256"]:
        raise ValueError(
            f"{folder / WEIGHTS} was replaced while it was read: push it again after the training run has ended"
        )
    index = [name for name in INDEX_FILES if with_index and (folder / name).is_file()]
    for name in (*OPTIONAL_FILES, *index):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    if CARD not in files:
        files[CARD] = model_card(facts, repo_id, with_index=bool(index)).encode()
    return files


def _on_the_hub(source: str | Path) -> tuple[str, str]:
    """The repository id and the revision that a source names. Raises FileNotFoundError when it can name none."""
    name = source.as_posix() if isinstance(source, Path) else source
    match = _ON_THE_HUB.fullmatch(name)
    try:
        check_repo_id(match["repo_id"] if match else name)
    except ValueError as error:
        raise FileNotFoundError(f"{source} is neither a local folder nor a model on the Hub: {error}") from None
    return match["repo_id"], match["revision"] or "main"


def _download(repo_id: str, revision: str) -> Path:
    """Download a checkpoint into the cache, and return its folder."""
    from huggingface_hub import HfApi, hf_hub_download

    # One short request first: without an answer, the downloads below would retry for a long time.
    info = HfApi().model_info(repo_id, revision=revision, timeout=ANSWER_DEADLINE)
    listed = {file.rfilename for file in info.siblings}
    if not listed >= {WEIGHTS, CONFIG}:
        raise NotACheckpointError(f"{repo_id} on the Hub is not a tinygpt checkpoint: it lacks {WEIGHTS} or {CONFIG}")
    names = [name for name in (CONFIG, WEIGHTS, *OPTIONAL_FILES, *INDEX_FILES) if name in listed]
    folder = _download_files(repo_id, info.sha, names)
    if not _is_intact(folder):  # huggingface_hub checks only the length; if damaged again, it will not load
        _download_files(repo_id, info.sha, names, force=True)
    # By the revision's name, and last: the cache maps the name to the new commit only when all of it has arrived.
    hf_hub_download(repo_id, CONFIG, revision=revision)
    return folder


def _download_files(repo_id: str, commit: str, names: list[str], force: bool = False) -> Path:
    # One by one: snapshot_download uses threads that would keep the process from exiting.
    from huggingface_hub import hf_hub_download

    for name in names:
        path = Path(hf_hub_download(repo_id, name, revision=commit, force_download=force))
        if name == CONFIG and b'"weights_sha256"' not in path.read_bytes():  # found before a large model is downloaded
            raise NotACheckpointError(
                f"{repo_id} on the Hub is not a tinygpt checkpoint: its {CONFIG} has another format"
            )
    return path.parent


def _is_intact(folder: Path) -> bool:
    try:
        read_facts(folder)
    except ValueError:
        return False
    return True


def _cached(repo_id: str, revision: str) -> Path | None:
    """The folder of an earlier download of this revision, or None unless it is complete."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        paths = [hf_hub_download(repo_id, name, revision=revision, local_files_only=True) for name in (CONFIG, WEIGHTS)]
    except LocalEntryNotFoundError:
        return None
    return Path(paths[0]).parent
