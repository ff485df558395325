"""Upload files to a repository on the Hub: all of them in one commit, or none."""

import sys
from collections.abc import Callable, Mapping, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinygpt.hub.connection import LOG_IN, HubError, check_repo_id, explained, seconds_for, within

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

Sdk = Literal["gradio", "static"]
_LARGE_BYTES = 1_000_000


def upload(
    files: Mapping[str, Path | bytes],
    repo_id: str,
    *,
    message: str,
    replaced: Callable[[Set[str]], Set[str]],
    sdk: Sdk | None = None,
    private: bool = False,
) -> str:
    """Upload files as one commit, and return the repository's URL.

    A repository that does not exist is created; one that exists keeps its visibility, and its files except those that
    are `replaced`. Large and binary files are sent before the commit, one after the other, with progress bars on
    stderr. If the upload fails or is interrupted, the repository has its old files, and the next upload does not send
    again what has arrived.

    Args:
        files: paths or contents, by their names in the repository, with slashes. Paths must not change meanwhile.
        repo_id: user/name.
        message: of the commit.
        replaced: given the names of the files in the repository, returns those of an earlier upload, which the commit
            removes unless they are among `files`. What it raises ends the upload, before anything is changed.
        sdk: of a Space; None for a model. A new Space with Gradio gets ZeroGPU.
        private: whether only its owner sees a new repository.

    Raises ValueError for a malformed id and for what the Hub rejects, PermissionError without write access, OSError for
    a file that cannot be read, ConnectionError when the Hub cannot be reached or somebody else commits meanwhile, and
    TimeoutError when a step has not ended within 50 seconds and the time that its bytes take at 50 kB/s.
    """
    check_repo_id(repo_id)
    repo_type = "space" if sdk else "model"
    try:
        there, commit = _files_there(repo_id, repo_type)
        obsolete = replaced(there) - files.keys()
        return _upload(files, repo_id, message, repo_type, sdk, private, obsolete, commit)
    except (HubError, OSError) as error:
        raise explained(
            error,
            doing=f"uploading to {repo_id}",
            denied=f"you may not write to {repo_id} on the Hub: {LOG_IN} to a token with write access",
            slow="try again: what has arrived is not sent again",
            local="make the file readable and try again",
        ) from error


def _files_there(repo_id: str, repo_type: str) -> tuple[set[str], str | None]:
    """The names of the files in a repository, and its last commit; nothing of one that does not exist."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    def ask() -> tuple[set[str], str | None]:
        try:
            info = HfApi().repo_info(repo_id, repo_type=repo_type, timeout=seconds_for(0))
        except RepositoryNotFoundError:
            return set(), None
        return {file.rfilename for file in info.siblings or ()}, info.sha

    return within(seconds_for(0), ask)


def _upload(
    files: Mapping[str, Path | bytes],
    repo_id: str,
    message: str,
    repo_type: str,
    sdk: Sdk | None,
    private: bool,
    obsolete: Set[str],
    parent_commit: str | None,
) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    sizes = [content.stat().st_size if isinstance(content, Path) else len(content) for content in files.values()]
    api, space = HfApi(), {"space_sdk": sdk}
    if sdk == "gradio":  # the CPUs that the Hub takes by default are only for those who pay
        space["space_hardware"] = "zero-a10g"
    create = partial(api.create_repo, repo_id, repo_type=repo_type, private=private, exist_ok=True, **space)
    url = within(seconds_for(0), create)
    additions = [CommitOperationAdd(name, content) for name, content in files.items()]
    for addition, size in zip(additions, sizes, strict=True):
        # The commit would send several files of LFS in threads that keep the process from exiting.
        if size >= _LARGE_BYTES or _is_binary(addition):
            # huggingface_hub's progress bar has the last part of the name, which is the same for all checkpoints.
            print(f"Uploading {addition.path_in_repo}, {size:,} bytes", file=sys.stderr)
            send = partial(api.preupload_lfs_files, repo_id, [addition], repo_type=repo_type, free_memory=False)
            within(seconds_for(size), send)
    operations = [*additions, *map(CommitOperationDelete, sorted(obsolete))]
    commit = partial(
        api.create_commit,
        repo_id,
        operations,
        commit_message=message,
        repo_type=repo_type,
        parent_commit=parent_commit,  # so that what somebody else commits meanwhile is not undone
    )
    within(seconds_for(sum(min(size, _LARGE_BYTES) for size in sizes)), commit)
    return str(url)


def _is_binary(addition: "CommitOperationAdd") -> bool:
    """Whether git takes a file for a binary one, which the Hub keeps by LFS whatever its size."""
    with addition.as_file() as file:
        return b"\0" in file.read(8000)
