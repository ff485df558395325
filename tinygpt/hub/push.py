"""The command that pushes a checkpoint: python -m tinygpt.hub push FOLDER USER/NAME"""

import argparse
from pathlib import Path
from typing import Any

from tinygpt.hub.client import push


def add_command(commands: Any) -> None:
    """Add the command and its flags to those of `python -m tinygpt.hub`."""
    parser = commands.add_parser("push", help="upload a checkpoint to a model repository, as one commit")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of a run, or a prepared one")
    parser.add_argument("repo_id", metavar="USER/NAME", help="the repository, which is created if need be")
    parser.add_argument("--private", action="store_true", help="if it is created, let only you see it")
    parser.add_argument(
        "--with-index",
        action="store_true",
        help="push memorization.npy too, from which the training text can be recovered",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Push, and say where to."""
    print(f"Pushed to {push(args.folder, args.repo_id, private=args.private, with_index=args.with_index)}")
