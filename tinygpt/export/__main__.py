"""Export weights for other tools: python -m tinygpt.export transformers weights OUT"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tinygpt.checkpoint.files import one_line
from tinygpt.checkpoint.reading import Checkpoint, read_checkpoint
from tinygpt.flags import Parser
from tinygpt.output import size_table, write_files
from tinygpt.system.atomic import folder_written_whole
from tinygpt.system.shell import command_line, program


class Format(NamedTuple):
    """A format that weights can be exported to."""

    about: str
    needs: str  # the package that is imported to write it, as in requirements-export.txt; "" if none is
    export: Callable[[Checkpoint, Path, argparse.Namespace], None]  # to a folder, as the arguments say
    opening: str  # lines that open it; {out!r} stands for the folder, {quoted} for it in a shell


def main(arguments: Sequence[str] | None = None) -> None:
    """Export as the arguments say. Without them, those of the command line count, of python -m tinygpt.export."""
    name = "python -m tinygpt.export" if arguments is None else program("export")
    args = parse(arguments, name)
    try:
        export(FORMATS[args.format], args)
    except (ValueError, OSError) as error:
        sys.exit(f"{name.removeprefix('python -m ')}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse(arguments: Sequence[str] | None, name: str) -> argparse.Namespace:
    parser = Parser(
        prog=name, description="Export weights in the format of other tools, or as a page that needs no server."
    )
    formats = parser.add_subparsers(dest="format", required=True, metavar="FORMAT")
    for format, each in FORMATS.items():
        command = formats.add_parser(format, help=each.about, description=each.about)
        command.add_argument("weights", metavar="WEIGHTS", help="the folder of a checkpoint")
        command.add_argument("out", metavar="OUT", type=Path, help="the folder to write: a new or an empty one")
        if format == "static":
            command.add_argument(
                "--url", help="the address that it will have: links to it are then shown with a picture"
            )
    return parser.parse_args(arguments)


def export(format: Format, args: argparse.Namespace) -> None:
    """Export a checkpoint, and print what was written and how to open it. Raises ValueError and OSError."""
    checkpoint, out = read_local_checkpoint(args.weights), args.out
    try:
        with folder_written_whole(out) as folder:
            format.export(checkpoint, folder, args)
    except ImportError as error:
        raise ValueError(f'another package is needed: run pip install "{format.needs}" ({one_line(error)})') from None
    print(size_table(sizes(out)))
    opening = format.opening.format(out=str(out), quoted=command_line(out))
    print(f"\nTo open it (there is more in {out / 'README.md'}):\n\n{opening}")


def sizes(folder: Path) -> dict[str, int]:
    """The sizes in bytes of the files in a folder, and of each folder in it, by name; and of them all."""
    rows = {}
    for path in sorted(folder.iterdir()):
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        name = f"{path}, {len(files)} files" if path.is_dir() else str(path)
        rows[name] = sum(file.stat().st_size for file in files)
    return rows | {"in all": sum(rows.values())}


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


def _to_transformers(checkpoint: Checkpoint, folder: Path, _: argparse.Namespace) -> None:
    from tinygpt.export.to_transformers import export_transformers  # late: torch and transformers take seconds

    export_transformers(checkpoint, folder)


def _to_onnx(checkpoint: Checkpoint, folder: Path, _: argparse.Namespace) -> None:
    from tinygpt.export.to_onnx import export_onnx

    export_onnx(checkpoint, folder)


def _to_static_page(checkpoint: Checkpoint, folder: Path, args: argparse.Namespace) -> None:
    from tinygpt.export.static_page import static_page

    write_files(static_page(Path(args.weights), checkpoint, url=args.url), folder)


FORMATS = {
    "transformers": Format(
        about="a folder for the transformers library and for what reads the same files",
        needs="transformers>=5,<6",
        export=_to_transformers,
        opening="""\
    from transformers import pipeline
    write = pipeline("text-generation", model={out!r})
    print(write("")[0]["generated_text"])""",
    ),
    "onnx": Format(
        about="one file for ONNX Runtime, with its key-value cache",
        needs="onnx>=1.18,<2",
        export=_to_onnx,
        opening="""\
    import onnxruntime
    session = onnxruntime.InferenceSession({out!r} + "/model.onnx")
    print([(each.name, each.shape) for each in session.get_inputs()])""",
    ),
    "static": Format(
        about="the page for any web server, which runs the model in the visitor's browser",
        needs="",
        export=_to_static_page,
        opening="""\
    python -m http.server -d {quoted}
    # then open http://localhost:8000""",
    ),
}

if __name__ == "__main__":
    main()
