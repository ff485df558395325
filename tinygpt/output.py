"""What commands write: output.txt, a prompt and its continuation each under a heading, and lists of files."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tinygpt.system.atomic import replace, written_beside

_WIDTH = 60


def format_output(prompt: str, continuation: str) -> str:
    """The content of output.txt: the prompt and the continuation, each under a heading."""
    return f"{_heading('PROMPT')}\n{prompt.strip(chr(10))}\n\n{_heading('CONTINUATION')}\n{continuation}\n"


def write_output(path: str | Path, prompt: str, continuation: str) -> None:
    """Write the prompt and the continuation to a file such as output.txt.

    A file that is there is replaced whole, or stays as it was. Raises OSError, naming the path, if that fails.
    """
    _write(Path(path), format_output(prompt, continuation).encode(), keep=True)


def check_output(path: str | Path, characters: int) -> None:
    """Raise OSError, naming the path, unless write_output can write texts of so many characters to it."""
    longest = 4 * characters + len(format_output("", ""))  # in UTF-8, a character has up to 4 bytes
    _write(Path(path), bytes(longest), keep=False)


def size_table(sizes: Mapping[str, int]) -> str:
    """A line for each name with its size in bytes."""
    return "\n".join(f"{size:>12,}  {name}" for name, size in sizes.items())


def write_files(files: Mapping[str, Path | bytes], folder: Path) -> None:
    """Write contents, or copies of files, to a folder, by their names with slashes. Raises OSError."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file if isinstance(file, bytes) else file.read_bytes())


def _write(path: Path, content: bytes, *, keep: bool) -> None:
    """Write a file in one step, or without `keep` only try to."""
    target = Path(os.path.realpath(path))  # where the path is a link, the file that it leads to is replaced
    try:
        if obstacle := _obstacle(target):
            raise OSError(None, obstacle)
        with written_beside(target, content) as part:
            if keep:
                if target.exists():
                    shutil.copymode(target, part)
                replace(part, target)
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error.strerror or error}): choose another file") from error


def _obstacle(target: Path) -> str:
    """What stands in the way of replacing a file, that the attempt would not tell; "" if nothing does."""
    if target.is_dir():
        return "it is a folder"
    if target.exists() and not target.is_file():
        return "it is a device or a pipe"
    return "it is read-only" if target.exists() and not os.access(target, os.W_OK) else ""


def _heading(word: str) -> str:
    return f"---- {word} ".ljust(_WIDTH, "-")
