"""The command that makes a Gradio Space: python -m tinygpt.hub space USER/NAME"""

import argparse
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.reading import read_facts
from tinygpt.data.download import learned_default_text
from tinygpt.flags import SHIPPED
from tinygpt.hub.connection import check_repo_id
from tinygpt.hub.pull import find_weights, name_on_the_hub
from tinygpt.hub.space_files import space_files
from tinygpt.hub.upload import upload
from tinygpt.output import size_table
from tinygpt.system.atomic import folder_written_whole

_OURS = ("tinygpt/", "weights/")  # the folders of a Space that hold nothing but what is uploaded
_NEW = {".gitattributes", "README.md"}  # what a Space holds before anything is uploaded
_NEXT = """The Hub builds it now, which takes some minutes; that page shows how far it is. A new Space has ZeroGPU; its
settings offer other hardware, and secrets: to ask visitors for a password, set TINYGPT_AUTH to user:password."""


def add_command(commands: Any) -> None:
    """Add the command and its flags to those of `python -m tinygpt.hub`."""
    parser = commands.add_parser("space", help="upload the page with some weights as a Gradio Space")
    parser.add_argument("repo_id", metavar="USER/NAME", help="the Space, which is created if need be")
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME", help="a folder or a Hub id")
    parser.add_argument("--private", action="store_true", help="if it is created, let only you see it")
    parser.add_argument(
        "--with-index",
        action="store_true",
        help="add memorization.npy, from which the training text can be recovered; that of Shakespeare is always added",
    )
    parser.add_argument("--dry-run", type=Path, metavar="OUT", help="write the files to a new folder, upload nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Upload a Space, or write its files to a folder, and say what happens next."""
    check_repo_id(args.repo_id)
    model = None if Path(args.weights).exists() else name_on_the_hub(args.weights)[0]
    weights = find_weights(args.weights, snapshots=True)
    with_index = args.with_index or learned_default_text(read_facts(weights))
    with space_files(weights, args.repo_id, model=model, with_index=with_index) as files:
        print(listing(files), flush=True)
        if args.dry_run:
            write(files, args.dry_run)
            print(f"Written to {args.dry_run}; nothing was uploaded")
        else:
            print(f"Uploaded to {upload_space(files, args.repo_id, private=args.private)}\n{_NEXT}")


def upload_space(files: Mapping[str, Path | bytes], repo_id: str, *, private: bool = False) -> str:
    """Upload a Space as one commit, and return its URL. Raises as `upload` does.

    Files of an earlier upload that are no longer among these are deleted from the Space, all others there are kept.
    Raises ValueError for a Space that exists and holds something else.
    """

    def replaced(names: Set[str]) -> Set[str]:
        if names - _NEW and "tinygpt/__init__.py" not in names:
            some = ", ".join(sorted(names - _NEW)[:3])
            problem = f"the Space {repo_id} holds something else ({some})"
            raise ValueError(f"{problem}: choose another name, or empty it first")
        return {name for name in names if name.startswith(_OURS)}

    return upload(files, repo_id, message="Upload tinygpt", replaced=replaced, repo_type="space", private=private)


def listing(files: Mapping[str, Path | bytes]) -> str:
    """A table of files with their sizes in bytes; the code of the package is one entry."""
    sizes = {name: len(file) if isinstance(file, bytes) else file.stat().st_size for name, file in files.items()}
    code = {name: size for name, size in sizes.items() if name.startswith("tinygpt/")}
    rows = {name: size for name, size in sizes.items() if name not in code}
    rows |= {f"tinygpt/, {len(code)} files": sum(code.values()), f"{len(files)} files in all": sum(sizes.values())}
    return size_table(rows)


def write(files: Mapping[str, Path | bytes], folder: Path) -> None:
    """Write files to a new folder. Raises OSError, and FileExistsError if it holds files already."""
    with folder_written_whole(folder) as part:
        for name, file in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file if isinstance(file, bytes) else file.read_bytes())
