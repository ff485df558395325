"""Files read whole: bounded, and never waited for."""

import os
import re
from threading import Event, Thread

import pytest

from tests.checkpoint.damage import assert_refused
from tinygpt.checkpoint.files import one_line, read_bytes
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_checkpoint
from tinygpt.checkpoint.torch_checkpoint import load_tensors


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_a_file_of_a_terabyte_is_refused_unread(folder, name):
    os.truncate(folder / name, 10**12)  # takes no room on the disk, but would in memory
    assert_refused(folder, "is not the file that|is too large", name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(folder, name):
    pipe = folder / name
    pipe.unlink()
    os.mkfifo(pipe)
    over = Event()

    def write_nothing() -> None:  # or whoever reads would wait for ever, and so would we
        while not over.is_set():
            pipe.open("wb").close()

    writer = Thread(target=write_nothing)
    writer.start()
    try:
        assert_refused(folder, "is not a file but a folder or a device", name)
        with pytest.raises(ValueError, match="is not a file"):
            load_tensors(pipe)
    finally:
        over.set()
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        writer.join()
        os.close(reader)


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_a_folder_or_a_dead_link_in_the_place_of_a_file_is_refused(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    assert_refused(folder, "is not a file but a folder", name)
    (folder / name).rmdir()
    (folder / name).symlink_to(folder / "nowhere")
    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(folder / name))} does not exist"):
        read_checkpoint(folder)


def test_a_file_is_read_up_to_its_bound(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert read_bytes(tmp_path / "file", 3) == b"abc"
    with pytest.raises(ValueError, match=r"is too large \(3 bytes, at most 2\)"):
        read_bytes(tmp_path / "file", 2)


def test_an_error_that_quotes_a_damaged_file_is_one_short_line():
    assert one_line(ValueError("a\n\n  b")) == "a b"
    assert len(one_line(ValueError("x" * 10**6))) == 200
    assert one_line(ValueError()) == "ValueError"
