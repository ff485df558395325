"""Texts in files and pipes: encodings are read or named with a remedy, and nothing hangs."""

import os
import random
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server import ROOT
from tinygpt import load_dataset
from tinygpt.data import text_files
from tinygpt.data.text_files import TextFileError, TextSource, open_text

ENGLISH = "It’s 5 o’clock – “time” for a café.\nSays who?\n" * 30
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with paths")


def read(path: Path | str) -> str:
    return "".join(open_text(path).chunks())


def refusal(path: Path | str) -> str:
    with pytest.raises(TextFileError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    assert str(path) not in caught.value.problem
    return message


# Encodings


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
def test_utf16_with_a_byte_order_mark_is_read(tmp_path, encoding, mark):
    path = tmp_path / "text.txt"
    path.write_bytes(mark + (ENGLISH + "שלום 🪶").replace("\n", "\r\n").encode(encoding))
    assert read(path) == ENGLISH + "שלום 🪶"
    other = tmp_path / "utf8.txt"
    other.write_text("and more\n", encoding="utf-8")
    assert "\ufeff" not in load_dataset([path, other]).tokenizer.vocabulary


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (ENGLISH, "cp1252", "WINDOWS-1252"),
        ("Élan vital, déjà vu.\n" * 20, "latin-1", "ISO-8859-1"),
        ("Plain words of a text.\n" * 20, "utf-16-le", "UTF-16LE"),
        ("Plain words of a text.\n" * 20, "utf-16-be", "UTF-16BE"),
        ("שלום עולם, מה שלומך\n" * 20, "utf-16-le", "UTF-16LE"),
        ("жизнь и судьба\n" * 20, "utf-16-be", "UTF-16BE"),
        ("春眠不覺曉\n處處聞啼鳥\n" * 20, "utf-16-le", "UTF-16LE"),
        ("Plain words of a text.\n" * 20, "utf-32", "UTF-32"),
        ("жизнь и судьба\n" * 20, "utf-32-be", "UTF-32BE"),
    ],
)
def test_a_text_in_another_encoding_is_refused_with_the_command_that_converts_it(tmp_path, text, encoding, named):
    path = tmp_path / "my text.txt"
    path.write_bytes(text.encode(encoding))
    message = refusal(path)
    assert f"it seems to be in {named}; convert it with: iconv -f {named} -t UTF-8" in message
    if shutil.which("iconv"):
        command = message.split("convert it with: ")[1]
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
        assert read(tmp_path / "utf8.txt") == text


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Чуден Днепр при тихой погоде.\n".encode("cp1251"), "ENCODING"),
        ("Чуден Днепр при тихой погоде.\n".encode("koi8-r"), "ENCODING"),
        ("吾輩は猫である。名前はまだ無い。\n".encode("shift-jis"), "ENCODING"),
        ("Naïve café, été.\n".encode() * 9 + b"\xff", "UTF-8"),  # damaged
        ("Naïve café, été.\n".encode()[:-3], "UTF-8"),  # cut in the middle of a character
        (b"\xff\xfe" + "cut".encode("utf-16-le")[:-1], "UTF-16"),
    ],
)
def test_what_the_bytes_do_not_tell_is_not_guessed_and_damage_can_be_left_out(tmp_path, content, encoding):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    message = refusal(path)
    assert "seems" not in message
    assert f"-f {encoding} -t UTF-8 {shlex.quote(str(path))} > utf8.txt" in message
    assert ("-c " in message) == ("damage" in message) == (encoding != "ENCODING")


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00" + bytes(range(256)),
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"PK\x03\x04" + bytes(range(256)),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(1, 256)) * 3,
        b"a text, and then\0" + b"more" * 100,
        random.Random(0).randbytes(4096),
    ],
    ids=["gzip", "png", "zip", "pdf", "nul", "random"],
)
def test_what_is_no_text_is_called_binary_whatever_it_is(tmp_path, content):
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    assert "is binary" in refusal(path)
    assert "iconv" not in refusal(path)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    with suppress(TextFileError):
        "".join(TextSource("it", content).chunks())


def test_the_place_of_a_wrong_byte_is_told_far_into_a_file_too(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"plain text\n" * 300_000 + b"caf\xe9 au lait\n" * 10)
    assert "at byte 3,300,003" in refusal(path)


# Pipes


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A named pipe that nobody writes to; whoever still waits for it at the end is let go."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    yield path
    with os.fdopen(os.open(path, os.O_RDWR | os.O_NONBLOCK), "wb"):
        pass


def written(path: Path, content: bytes) -> threading.Thread:
    """A thread that writes into a pipe once somebody reads."""
    thread = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    thread.start()
    return thread


@POSIX
def test_a_text_from_a_pipe_is_read_once_and_trained_on(pipe, text, dataset):
    writer = written(pipe, text.encode())
    loaded = load_dataset(pipe)
    writer.join()
    assert loaded.sha256 == dataset.sha256
    assert loaded.train.equal(dataset.train)


@POSIX
def test_a_text_of_a_process_substitution_is_read(text, dataset):
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "wb") as file:
        thread = threading.Thread(target=lambda: (file.write(text.encode()), file.close()))
        thread.start()
        assert load_dataset(f"/dev/fd/{reader}").sha256 == dataset.sha256
        thread.join()


@POSIX
def test_train_py_reads_what_is_piped_into_it(called, tmp_path):
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "wb") as file:
        file.write(b"z" * 1000)
        file.close()
        ended = called(ROOT / "train.py", "--data", f"/dev/fd/{reader}", "--out", tmp_path / "run")
    assert ended.stderr.startswith(f"train.py: /dev/fd/{reader} repeats one character, 'z'")
    assert ended.returncode == 1


@POSIX
def test_a_pipe_that_gives_nothing_is_given_up(pipe, monkeypatch):
    monkeypatch.setattr(text_files, "_STALL", 0.1)
    with pytest.raises(TimeoutError, match=rf"{pipe} gave nothing for 0\.1 seconds: check what writes to it"):
        open_text(pipe)


@POSIX
def test_a_pipe_that_stalls_in_the_middle_is_given_up(pipe, monkeypatch):
    monkeypatch.setattr(text_files, "_STALL", 0.1)
    with os.fdopen(os.open(pipe, os.O_RDWR), "wb", buffering=0) as writer:
        writer.write(b"half a te")
        with pytest.raises(TimeoutError, match="gave nothing for"):
            open_text(pipe)


@POSIX
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"\x7fELF\0\1", "is binary"),
        ("Été.\n".encode("cp1252") * 9, r"iconv -f \S+ -t UTF-8 FILE >"),
    ],
    ids=["empty", "binary", "encoding"],
)
def test_what_comes_through_a_pipe_is_checked_as_a_file_is(pipe, content, complaint):
    writer = written(pipe, content)
    with pytest.raises(TextFileError, match=f"{pipe} .*{complaint}"):
        load_dataset(pipe)
    writer.join()


@POSIX
def test_an_endless_pipe_is_refused(monkeypatch):
    monkeypatch.setattr(text_files, "_MAX_PIPED", 3_000_000)
    with pytest.raises(TextFileError, match="/dev/zero gives more than 3,000,000 bytes: save them in a file"):
        open_text("/dev/zero")


@POSIX
def test_a_terminal_and_a_closed_input_are_refused():
    ours, theirs = os.openpty()
    is_told = pytest.raises(TextFileError, match="is a terminal: send a text through a pipe")
    with os.fdopen(ours), os.fdopen(theirs), is_told:
        open_text(os.ttyname(theirs))
    with pytest.raises(OSError, match="/dev/fd/999 cannot be read"):
        open_text("/dev/fd/999")
    with pytest.raises(TextFileError, match="/dev/null is empty"):
        load_dataset("/dev/null")


@POSIX
def test_an_open_file_is_read_once_by_its_number(text_file, dataset):
    """On some systems, reading it a second time would go on where the first ended."""
    with text_file.open() as file:
        assert load_dataset(f"/dev/fd/{file.fileno()}").sha256 == dataset.sha256
        assert isinstance(open_text(f"/dev/fd/{file.fileno()}").content, bytes)


@pytest.mark.parametrize("where", ["", "absent.txt", "a file/below it", "x" * 5000])
def test_a_path_without_a_readable_file_is_named(tmp_path, where):
    (tmp_path / "a file").touch()
    with pytest.raises(OSError, match="cannot be read") as caught:
        load_dataset(tmp_path / where)
    assert str(tmp_path / where) in str(caught.value)
