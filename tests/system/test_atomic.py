"""Files written whole: replaced in one step, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disks import files_of_at_most
from tinygpt.system import atomic
from tinygpt.system.atomic import write_atomically


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
