"""Files written whole: replaced in one step, or not at all."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import files_of_at_most
from tinygpt.system import atomic
from tinygpt.system.atomic import folder_written_whole, write_atomically


@pytest.fixture
def in_use(monkeypatch) -> Callable[[int], list[Path]]:
    """in_use(3) lets os.replace refuse 3 times, as Windows does while another program has the file open.

    Returns the list of the files that are to be replaced, one for each call.
    """

    def refuse(times: int) -> list[Path]:
        rename, calls = os.replace, []

        def replace(source: Path, target: Path) -> None:
            calls.append(target)
            if len(calls) <= times:
                raise PermissionError("in use")
            rename(source, target)

        monkeypatch.setattr(os, "replace", replace)
        return calls

    return refuse


def test_a_file_that_another_program_has_open_for_a_moment_is_replaced_after_it(tmp_path, monkeypatch, in_use):
    monkeypatch.setattr(atomic, "_RENAME_SECONDS", 60)
    calls = in_use(3)
    write_atomically(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"new")]
    assert len(calls) == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses only for a moment, which is waited for")
def test_where_open_files_can_be_replaced_a_refusal_is_final(tmp_path, in_use):
    calls = in_use(1)
    with pytest.raises(PermissionError, match="in use"):
        write_atomically(tmp_path / "file", b"new")
    assert len(calls) == 1


def test_a_file_that_stays_open_elsewhere_keeps_its_content(tmp_path, monkeypatch, in_use):
    monkeypatch.setattr(atomic, "_RENAME_SECONDS", 0.02)
    (tmp_path / "file").write_bytes(b"old")
    in_use(10**6)
    with pytest.raises(PermissionError, match="in use"):
        write_atomically(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_file_that_does_not_fit_on_the_disk_leaves_the_old_one_and_nothing_else(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with files_of_at_most(100), pytest.raises(OSError, match="File too large"):
        write_atomically(tmp_path / "file", bytes(101))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"

    def fail_half_way():
        with folder_written_whole(out) as part:
            (part / "file").write_bytes(b"half")
            (out / "file").read_bytes()

    with pytest.raises(FileNotFoundError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []
    with folder_written_whole(out) as part:
        (part / "sub").mkdir()
        (part / "sub" / "file").write_bytes(b"whole")
    assert (out / "sub" / "file").read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_replaces_only_an_empty_one(tmp_path):
    (tmp_path / "out").mkdir()
    with folder_written_whole(tmp_path / "out") as part:
        (part / "file").write_bytes(b"first")
    for taken in (tmp_path / "out", tmp_path / "out" / "file"):
        with pytest.raises(FileExistsError), folder_written_whole(taken):
            pytest.fail("nothing may be written")
    assert (tmp_path / "out" / "file").read_bytes() == b"first"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_folder_whose_writer_is_killed_does_not_appear_and_can_be_written_again(tmp_path, run):
    script = (
        "import os, signal, sys; from pathlib import Path; from tinygpt.system.atomic import folder_written_whole\n"
    )
    script += "with folder_written_whole(Path(sys.argv[1])) as part:\n"
    script += "    (part / 'half').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    out = tmp_path / "new" / "out"
    assert run("-c", script, out).returncode == -signal.SIGKILL
    assert not out.exists()
    with folder_written_whole(out) as part:
        (part / "whole").touch()
    assert [path.name for path in out.iterdir()] == ["whole"]
    assert list(out.parent.iterdir()) == [out]
