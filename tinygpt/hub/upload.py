"""Upload files to a repository on the Hub: all of them in one commit, or none."""

import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinygpt.hub.connection import LOG_IN, check_repo_id, explained, seconds_for, within

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

_LARGE_BYTES = 1_000_000


def upload(
    files: Mapping[str, Path | bytes],
    repo_id: str,
    *,
    message: str,
    repo_type: Literal["model", "space"] = "model",
    private: bool = False,
    delete: Iterable[str] = (),
) -> str:
    """Upload files as one commit, and return the repository's URL.

    A repository that does not exist is created, `private` or public (a Space with Gradio's SDK on ZeroGPU); one that
    exists keeps its visibility and all files of other names, except those to `delete`. Large and binary files are sent
    before the commit, one after the other, with progress bars on stderr. If the upload fails or is interrupted, the
    repository has its old files, and the next upload does not send again what has arrived.

    Args:
        files: paths or contents, by their names in the repository, with slashes. Paths must not change meanwhile.
        repo_id: user/name.
        message: of the commit.
        delete: names of files that the commit removes.

    Raises ValueError for a malformed id and for what the Hub rejects, PermissionError without write access, OSError for
    a file that cannot be read, ConnectionError when the Hub cannot be reached, and TimeoutError when a step has not
    ended within 50 seconds and the time that its bytes take at 50 kB/s.
    """
    check_repo_id(repo_id)
    try:
        return _upload(files, repo_id, message, repo_type, private, delete)
    except Exception as error:  # huggingface_hub lets many kinds through, among them those of its HTTP client
        raise explained(
            error,
            doing=f"uploading to {repo_id}",
            denied=f"you may not write to {repo_id} on the Hub: {LOG_IN} to a token with write access",
            slow="try again: what has arrived is not sent again",
            local="make the file readable and try again",
        ) from error


def _upload(
    files: Mapping[str, Path | bytes],
    repo_id: str,
    message: str,
    repo_type: str,
    private: bool,
    delete: Iterable[str],
) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    sizes = [content.stat().st_size if isinstance(content, Path) else len(content) for content in files.values()]
    api, space = HfApi(), {}
    if repo_type == "space":  # on ZeroGPU: the CPUs that the Hub takes by default are only for those who pay
        space = {"space_sdk": "gradio", "space_hardware": "zero-a10g"}
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
    operations = [*additions, *map(CommitOperationDelete, delete)]
    commit = partial(api.create_commit, repo_id, operations, commit_message=message, repo_type=repo_type)
    within(seconds_for(sum(min(size, _LARGE_BYTES) for size in sizes)), commit)
    return str(url)


def _is_binary(addition: "CommitOperationAdd") -> bool:
    """Whether git takes a file for a binary one, which the Hub keeps by LFS whatever its size."""
    with addition.as_file() as file:
        return b"\0" in file.read(8000)
