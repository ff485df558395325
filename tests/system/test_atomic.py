"""Files written whole: replaced in one step, or not at all."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import files_of_at_most, small_file_system
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
            (part / "none" / "file").write_bytes(b"half")

    with pytest.raises(OSError, match=r"out could not be written \(No such file .*: choose another folder$"):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []
    with folder_written_whole(out) as part:
        (part / "sub").mkdir()
        (part / "sub" / "file").write_bytes(b"whole")
    assert (out / "sub" / "file").read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [out]


def fill(given, folder):
    """Write a file to an empty folder, and check that it is that same folder which has it."""
    before = folder.stat()
    with folder_written_whole(given) as part:
        (part / "sub").mkdir()
        (part / "sub" / "file").write_bytes(b"whole")
    assert (folder.stat().st_ino, folder.stat().st_dev) == (before.st_ino, before.st_dev)
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["sub", "sub/file"]


def test_an_empty_folder_is_filled_also_if_it_is_the_current_one(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    fill(Path("."), tmp_path / "out")


def test_an_empty_folder_that_a_link_leads_to_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    try:
        (tmp_path / "link").symlink_to(tmp_path / "out")
    except OSError:
        pytest.skip("Windows lets only administrators make links")
    fill(tmp_path / "link", tmp_path / "out")
    assert (tmp_path / "link").is_symlink()


def test_an_empty_disk_is_filled(tmp_path):
    with small_file_system(tmp_path / "disk", kilobytes=100) as disk:
        fill(disk, disk)


def test_a_folder_that_holds_files_is_left_alone(tmp_path):
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "file").write_bytes(b"mine")
    with folder_written_whole(tmp_path / "out") as part:
        (part / "file").write_bytes(b"first")
    for taken in (tmp_path / "out", tmp_path / "out" / "file"):
        with pytest.raises(FileExistsError, match="is not an empty folder"), folder_written_whole(taken):
            pytest.fail("nothing may be written")
    assert (tmp_path / "out" / "file").read_bytes() == b"first"
    assert (tmp_path / ".out.part" / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("exists", [False, True])
def test_of_two_that_write_the_same_folder_one_succeeds_and_the_other_says_so(tmp_path, exists):
    out = tmp_path / "out"
    if exists:
        out.mkdir()

    def write_both():
        with folder_written_whole(out) as first:
            (first / "file").write_bytes(b"first")
            if exists:
                (out / "file").write_bytes(b"second")
            else:
                with folder_written_whole(out) as second:
                    (second / "file").write_bytes(b"second")

    with pytest.raises(OSError, match="choose another"):
        write_both()
    assert (out / "file").read_bytes() == b"second"
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_folder_can_be_read_by_those_who_can_read_other_new_folders(tmp_path):
    (tmp_path / "other").mkdir()
    with folder_written_whole(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


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
    assert {path.name[:5] for path in out.parent.iterdir()} == {"out", ".out."}  # the latter is left of the first
