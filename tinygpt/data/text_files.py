"""Texts in files and pipes: read once or several times, in the encodings that can be told for sure."""

import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tinygpt.background import in_background
from tinygpt.data.encodings import is_binary, is_mostly_utf8, marked_encoding, narrow_encoding, wide_encoding
from tinygpt.system.shell import command_line

# The environment variable that names a local copy of the default corpus, used instead of a download.
CORPUS_VARIABLE = "TINYGPT_CORPUS"

_CHUNK = 1 << 20  # characters or bytes read at a time: a large text is never in memory whole, only its ids are
_SAMPLE = 1 << 16  # bytes that an encoding is guessed from
_MAX_PIPED = 200_000_000  # bytes
_STALL = 30.0  # seconds without a byte from a pipe


class TextFileError(ValueError):
    """A file holds no text to learn from; `problem` says why and what to do, without the file's path."""

    def __init__(self, name: str | Path, problem: str, command: str = "", file: str = "FILE"):
        """`command` converts the file: in the message, `file` takes the place of its "FILE"."""
        super().__init__(f"{name} {problem}{command.replace('FILE', file)}")
        self.problem = problem + command


@dataclass(frozen=True)
class TextSource:
    """A text that can be read again and again: its name for messages, and its bytes, in a file or in memory."""

    name: str
    content: Path | bytes

    def open(self) -> BinaryIO:
        """Open the bytes. Raises OSError naming the file that cannot be read."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        try:
            return open(self.content, "rb")
        except OSError as error:
            raise _unreadable(self.content, error) from None

    def chunks(self) -> Iterator[str]:
        """Yield the text in chunks, with every line end as a newline.

        Raises TextFileError, when it comes to it, for a text that is blank, binary, or neither UTF-8 nor UTF-16 with a
        byte order mark.
        """
        blank = True
        with self.open() as file:
            head = file.read(_SAMPLE)
            file.seek(0)
            try:
                text = io.TextIOWrapper(file, encoding=marked_encoding(head))
                while chunk := text.read(_CHUNK):
                    if "\0" in chunk:
                        raise self._refusal(head, "it holds NUL bytes")
                    blank = blank and chunk.isspace()
                    yield chunk
            except UnicodeDecodeError as error:
                byte = file.tell() - len(error.object) + error.start
                file.seek(max(0, byte - _SAMPLE // 2))
                raise self._refusal(head, f"{error.reason} at byte {byte:,}", file.read(_SAMPLE)) from None
        if blank:
            raise TextFileError(self.name, "is empty: there is nothing to learn in it")

    def _refusal(self, head: bytes, problem: str, sample: bytes = b"") -> TextFileError:
        """The error for a text that cannot be decoded, given its first bytes and those around the problem."""
        if marked_encoding(head) == "utf-16":
            return self._convertible(f"is damaged UTF-16 text ({problem}): leave the damage out", "-c -f UTF-16")
        if wide := wide_encoding(head):
            return self._convertible(f"is not UTF-8 text: it seems to be in {wide}", f"-f {wide}")
        if not sample or is_binary(sample):
            return TextFileError(self.name, f"is binary ({problem}): give a plain text file")
        problem = f"is not UTF-8 text ({problem})"
        if is_mostly_utf8(sample):
            return self._convertible(f"{problem}, but damaged UTF-8: leave the damage out", "-c -f UTF-8")
        if narrow := narrow_encoding(sample):
            return self._convertible(f"{problem}: it seems to be in {narrow}", f"-f {narrow}")
        return self._convertible(f"{problem}: its bytes do not tell which ENCODING it is in", "-f ENCODING")

    def _convertible(self, problem: str, options: str) -> TextFileError:
        file = command_line(self.name) if isinstance(self.content, Path) and self.name == str(self.content) else "FILE"
        return TextFileError(self.name, problem, f"; convert it with: iconv {options} -t UTF-8 FILE > utf8.txt", file)


def open_text(path: str | Path) -> TextSource:
    """The text at a path: a file as it is, and what comes from a pipe or a device read into memory.

    Raises OSError naming a path that cannot be read, TextFileError for more than 200 MB from a pipe or for a terminal,
    and TimeoutError for a pipe that gives nothing for 30 seconds.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise _unreadable(path, error) from None
    # An open file by its number is read once even if it is regular: on some systems, reading goes on where it ended.
    if not stat.S_ISDIR(mode) and (not stat.S_ISREG(mode) or str(path).startswith(("/dev/fd/", "/dev/stdin"))):
        return TextSource(str(path), _read_stream(path))
    return TextSource(str(path), Path(path))


def train_length(length: int) -> int:
    """How many of a text's characters are its training split, from the first on. The rest is its validation split."""
    return int(0.9 * length)


def sha256_of(sources: Iterable[TextSource]) -> str:
    """The sha256 of the bytes of texts, joined in order."""
    digest = hashlib.sha256()
    for source in sources:
        with source.open() as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def survey(sources: Sequence[TextSource]) -> tuple[str, int]:
    """The different characters of texts, and how many there are in all.

    Raises TextFileError as TextSource.chunks does, and for one repeated character.
    """
    characters: set[str] = set()
    length = 0
    for source in sources:
        for chunk in source.chunks():
            characters.update(chunk)
            length += len(chunk)
    if len(characters) == 1:
        problem = f"repeats one character, {characters.pop()!r}: there is nothing to learn in it"
        raise TextFileError(", ".join(source.name for source in sources), problem)
    return "".join(characters), length


def _read_stream(path: str | Path) -> bytes:
    """All bytes of a pipe. It is read in the background: opening a pipe that nobody writes to never returns."""
    chunks: list[bytes] = []

    def read() -> bytes:
        with open(path, "rb", buffering=0) as stream:
            if stream.isatty():
                raise TextFileError(path, "is a terminal: send a text through a pipe, or give the path of a file")
            size = 0
            while chunk := stream.read(_CHUNK):
                chunks.append(chunk)
                size += len(chunk)
                if size > _MAX_PIPED:
                    raise TextFileError(
                        path, f"gives more than {_MAX_PIPED:,} bytes: save them in a file, and give its path"
                    )
        return b"".join(chunks)

    reading = in_background(read)
    while True:
        before = len(chunks)
        try:
            return reading.result(_STALL)
        except TimeoutError:
            if len(chunks) == before:
                raise TimeoutError(
                    f"{path} gave nothing for {_STALL:g} seconds: check what writes to it, or save the text in a file"
                ) from None
        except OSError as error:
            raise _unreadable(path, error) from None


def _unreadable(path: str | Path, error: OSError) -> OSError:
    reason = f"{path} cannot be read ({error.strerror}): check the path, or {CORPUS_VARIABLE} if it names it"
    return type(error)(reason)
