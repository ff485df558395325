"""The command that makes a Space of the page: python -m tinygpt.hub space USER/NAME"""

import argparse
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tinygpt.checkpoint.reading import read_facts
from tinygpt.data.download import learned_default_text
from tinygpt.flags import SHIPPED
from tinygpt.hub.connection import check_repo_id
from tinygpt.hub.pull import find_weights, name_on_the_hub
from tinygpt.hub.space_files import space_files
from tinygpt.hub.static_space import static_space_files
from tinygpt.hub.upload import Sdk, upload
from tinygpt.output import size_table, write_files
from tinygpt.system.atomic import folder_written_whole

_NEW = {".gitattributes", "README.md"}  # what a Space holds before anything is uploaded


class Kind(NamedTuple):
    """A kind of Space: how it is run, and what of it is replaced by an upload."""

    sdk: Sdk
    folders: tuple[str, ...]  # they hold nothing but what is uploaded
    sign: str  # a file of every upload, by which a Space is known to be one of these
    code: str  # the folder that is listed as one entry
    next: str  # what comes after the upload


GRADIO = Kind(
    sdk="gradio",
    folders=("tinygpt/", "weights/"),
    sign="tinygpt/__init__.py",
    code="tinygpt/",
    next="""\
The Hub builds it now, which takes some minutes; that page shows how far it is. A new Space has ZeroGPU; its
settings offer other hardware, and secrets: to ask visitors for a password, set TINYGPT_AUTH to user:password.""",
)
STATIC = Kind(
    sdk="static",
    folders=("web/", "model/"),
    sign="model/weights.bin",
    code="web/",
    next="It needs no server: the page opens there within a minute, and writes in the visitor's browser.",
)


def add_command(commands: Any) -> None:
    """Add the command and its flags to those of `python -m tinygpt.hub`."""
    parser = commands.add_parser("space", help="upload the page with some weights as a Space")
    parser.add_argument("repo_id", metavar="USER/NAME", help="the Space, which is created if need be")
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME", help="a folder or a Hub id")
    parser.add_argument(
        "--static",
        action="store_true",
        help="make a static Space, without a server: the model runs in the visitor's browser",
    )
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
    kind = STATIC if args.static else GRADIO
    with _files(args) as files:
        print(listing(files, kind), flush=True)
        if args.dry_run:
            with folder_written_whole(args.dry_run) as folder:
                write_files(files, folder)
            print(f"Written to {args.dry_run}; nothing was uploaded")
        else:
            print(f"Uploaded to {upload_space(files, args.repo_id, kind, private=args.private)}\n{kind.next}")


@contextmanager
def _files(args: argparse.Namespace) -> Iterator[Mapping[str, Path | bytes]]:
    """The files of the Space that the arguments ask for, by their names; they exist within the block."""
    model = None if Path(args.weights).exists() else name_on_the_hub(args.weights)[0]
    if args.static and args.with_index:
        raise ValueError("--with-index is for a Space with a server: leave it out, or --static")
    weights = find_weights(args.weights, snapshots=not args.static)
    if args.static:
        yield static_space_files(weights, args.repo_id, model=model)
        return
    with_index = args.with_index or learned_default_text(read_facts(weights))
    with space_files(weights, args.repo_id, model=model, with_index=with_index) as files:
        yield files


def upload_space(files: Mapping[str, Path | bytes], repo_id: str, kind: Kind = GRADIO, *, private: bool = False) -> str:
    """Upload a Space as one commit, and return its URL. Raises as `upload` does.

    Files of an earlier upload that are no longer among these are deleted from the Space, all others there are kept.
    Raises ValueError for a Space that exists and holds something else.
    """

    def replaced(names: Set[str]) -> Set[str]:
        if names - _NEW and kind.sign not in names:
            some = ", ".join(sorted(names - _NEW)[:3])
            problem = f"the Space {repo_id} holds something else ({some})"
            raise ValueError(f"{problem}: choose another name, or empty it first")
        return {name for name in names if name.startswith(kind.folders)}

    return upload(files, repo_id, message="Upload tinygpt", replaced=replaced, sdk=kind.sdk, private=private)


def listing(files: Mapping[str, Path | bytes], kind: Kind) -> str:
    """A table of files with their sizes in bytes; the code is one entry."""
    sizes = {name: len(file) if isinstance(file, bytes) else file.stat().st_size for name, file in files.items()}
    code = {name: size for name, size in sizes.items() if name.startswith(kind.code)}
    rows = {name: size for name, size in sizes.items() if name not in code}
    rows |= {f"{kind.code}, {len(code)} files": sum(code.values()), f"{len(files)} files in all": sum(sizes.values())}
    return size_table(rows)
