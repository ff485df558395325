"""output.txt: a prompt and its continuation in one text file, each under a heading."""

import os
import sys
from pathlib import Path

import pytest

from tests.disks import files_of_at_most
from tinygpt.output import check_output, format_output, write_output


def test_prompt_and_continuation_are_each_under_a_heading(tmp_path):
    write_output(tmp_path / "output.txt", "ROMEO:\n", "\nWho is é?\n\nBAKER:")
    written = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert written == format_output("ROMEO:\n", "\nWho is é?\n\nBAKER:")
    first, prompt, between, second, *continuation = written.split("\n")
    assert (first, second) == ("---- PROMPT ".ljust(60, "-"), "---- CONTINUATION ".ljust(60, "-"))
    assert (prompt, between) == ("ROMEO:", "")
    assert "\n".join(continuation) == "\nWho is é?\n\nBAKER:\n"


def attempts(path: Path, problem: str) -> None:
    """Checking and writing both fail, with the path and the problem in one line, and leave nothing behind."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else None
    for attempt in (lambda: check_output(path, 100), lambda: write_output(path, "My", "bread")):
        with pytest.raises(OSError, match=problem) as caught:
            attempt()
        assert str(caught.value).startswith(f"{path} cannot be written (")
        assert str(caught.value).endswith("): choose another file")
    assert before is None or sorted(path.parent.iterdir()) == before


def test_a_place_that_cannot_be_written_is_named_before_and_while_it_is_tried(tmp_path):
    (tmp_path / "file").touch()
    attempts(tmp_path, "it is a folder")
    attempts(tmp_path / "nowhere" / "output.txt", "No such file or directory|cannot find the path")
    attempts(tmp_path / "file" / "output.txt", "Not a directory|No such file|cannot find the path")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes with names")
def test_a_device_and_a_pipe_are_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    attempts(tmp_path / "pipe", "it is a device or a pipe")  # and does not wait for a reader
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="nothing is read-only to this user")
def test_a_file_or_folder_that_is_read_only_stays_as_it_is(tmp_path):
    path = tmp_path / "output.txt"
    path.write_text("mine")
    path.chmod(0o444)
    attempts(path, "it is read-only")
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    attempts(path, "Permission denied")
    tmp_path.chmod(0o755)
    assert path.read_text() == "mine"


def test_where_the_disk_is_full_the_old_file_stays_whole_and_the_check_tells_so_for_the_longest_text(tmp_path):
    path = tmp_path / "output.txt"
    write_output(path, "My", "bread")
    old = path.read_bytes()
    with files_of_at_most(100):
        attempts(path, "File too large")
    with files_of_at_most(1000):
        check_output(path, 100)
        with pytest.raises(OSError, match="File too large"):
            check_output(path, 1000)
    assert path.read_bytes() == old


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and modes of files")
def test_what_is_replaced_keeps_its_mode_and_a_link_leads_where_it_did(tmp_path):
    write_output(tmp_path / "private.txt", "My", "bread")
    (tmp_path / "private.txt").chmod(0o600)
    (tmp_path / "link.txt").symlink_to("private.txt")
    check_output(tmp_path / "link.txt", 100)
    write_output(tmp_path / "link.txt", "My", "river")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "private.txt").read_text().endswith("river\n")
    assert (tmp_path / "private.txt").stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 2
