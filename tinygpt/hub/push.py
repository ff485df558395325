"""The command that pushes a checkpoint: python -m tinygpt.hub push FOLDER USER/NAME"""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from tinygpt.hub.client import files_to_push, push
from tinygpt.hub.files import INDEX_FILES


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


def listing(files: dict[str, Path]) -> str:
    """The size in bytes and the sha256 of each file, and the size of all."""
    rows = [(name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in files.items()]
    lines = [f"{size:>12,}  {sha256}  {name}" for name, size, sha256 in rows]
    return "\n".join([*lines, f"{sum(size for _, size, _ in rows):>12,}  bytes in {len(rows)} files"])
