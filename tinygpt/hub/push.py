"""The command that pushes a checkpoint: python -m tinygpt.hub push FOLDER USER/NAME"""

import argparse
import hashlib
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinygpt.hub.connection import check_repo_id
from tinygpt.hub.files import INDEX_FILES, is_published, published_files
from tinygpt.hub.prepare import copied_to_publish
from tinygpt.hub.upload import upload
from tinygpt.output import size_table


def add_command(commands: Any) -> None:
    """Add the command and its flags to those of `python -m tinygpt.hub`."""
    parser = commands.add_parser("push", help="upload a checkpoint to a model repository, as one commit")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of a run, or a prepared one")
    parser.add_argument("repo_id", metavar="USER/NAME", help="the repository, which is created if need be")
    parser.add_argument("--private", action="store_true", help="if it is created, let only you see it")
    parser.add_argument("--dry-run", action="store_true", help="list the files, and upload nothing")
    parser.add_argument("--space", metavar="USER/NAME", help="a Space for the model card to link to")
    parser.add_argument(
        "--with-index",
        action="store_true",
        help="push memorization.npy too, from which the training text can be recovered",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Push and say where to, or with --dry-run list the files."""
    options = {"with_index": args.with_index, "space": args.space}
    if not args.dry_run:
        print(f"Pushed to {push(args.folder, args.repo_id, private=args.private, **options)}")
        return
    with files_to_push(args.folder, args.repo_id, **options) as files:
        print(listing(files))
    for name in INDEX_FILES:
        if (args.folder / name).is_file() and not args.with_index:
            print(f"Left out: {name}, which --with-index pushes too")
    print(f"Nothing was uploaded to {args.repo_id}")


def push(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    with_index: bool = False,
    space: str | None = None,
) -> str:
    """Upload the checkpoint in `folder` as one commit, and return the repository's URL.

    The weights and config.json are uploaded with a model card and a sample, and where they exist, metrics.jsonl and the
    snapshots in history/. A README.md that somebody wrote is uploaded in place of the card. A repository that does
    not exist is created, `private` or public; one that exists keeps its visibility, and its files other than those of
    the checkpoint that was there. Nothing in `folder` is written to.

    With `with_index`, memorization.npy is uploaded too if it exists, so that the page can show what a text has in
    common with the training text. Whoever has the index can recover the training text: leave it out if that is private.
    `space` is the id of a Space for the generated card to link to.

    Raises ValueError for a malformed id and for a checkpoint that does not load, FileNotFoundError without a
    checkpoint, and as upload does.
    """
    with files_to_push(folder, repo_id, with_index=with_index, space=space) as files:
        return upload(
            files, repo_id, message="Upload a tinygpt checkpoint", replaced=_earlier_checkpoint, private=private
        )


@contextmanager
def files_to_push(
    folder: str | Path, repo_id: str, *, with_index: bool = False, space: str | None = None
) -> Iterator[dict[str, Path]]:
    """The files that `push` uploads, by their names: copies, which exist within the block. Raises as `push` does."""
    for name in filter(None, (repo_id, space)):
        check_repo_id(name)
    with copied_to_publish(Path(folder), name=repo_id, with_index=with_index, space=space) as copy:
        yield published_files(copy)


def _earlier_checkpoint(names: Set[str]) -> Set[str]:
    return set(filter(is_published, names))


def listing(files: dict[str, Path]) -> str:
    """The size in bytes and the sha256 of each file, and the size of all."""
    sizes = {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}": path.stat().st_size for name, path in files.items()
    }
    return size_table(sizes | {f"bytes in {len(sizes)} files": sum(sizes.values())})
