"""The folders of an export: the weights that it reads, and the new folder that it writes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinygpt.checkpoint.reading import Checkpoint, read_checkpoint
from tinygpt.system.shell import command_line


def read_local_checkpoint(weights: str) -> Checkpoint:
    """Read the checkpoint in a folder.

    Raises FileNotFoundError for what is no folder, such as the name of a model on the Hub, and as read_checkpoint does.
    """
    if Path(weights).is_dir():
        return read_checkpoint(weights)
    repo_id, _, revision = weights.partition("@")
    if repo_id.count("/") != 1:
        raise FileNotFoundError(f"{weights} is not a folder: name the one that holds model.safetensors and config.json")
    chosen = ("--revision", revision) if revision else ()
    download = command_line("hf", "download", repo_id, *chosen, "--local-dir", repo_id.split("/")[1])
    raise FileNotFoundError(f"{weights} is not a folder; if it is a model on the Hub, download it first: `{download}`")


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Yield an empty folder, which becomes `folder` after the block; if the block raises, nothing stays of it.

    Raises FileExistsError for a `folder` that exists and is not empty, and OSError when it cannot be written.
    """
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not an empty folder: name another one, or remove it first")
    folder = folder.absolute()
    part = folder.with_name(f".{folder.name}.part")  # a fixed name, so that the next export removes what a crash leaves
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            folder.rmdir()  # Windows does not rename to a folder that exists, even an empty one
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
