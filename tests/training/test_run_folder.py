"""training/run_folder.py: who may write to a run's folder, and where a run may begin. Real locks, real full disks."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from re import escape

import pytest

from tests.disks import small_file_system
from tests.runs import assert_same_run, files, finished, resumed
from tinygpt.checkpoint.reading import CONFIG, HISTORY, METRICS, WEIGHTS
from tinygpt.data.memorization import INDEX
from tinygpt.training.run_folder import LOCK, OUTPUT, check_free_disk, check_unused
from tinygpt.training.state import STATE, read_state

# Locks


def test_a_folder_is_locked_while_a_run_writes_to_it_and_free_after_it(train, tmp_path):
    others = train(tmp_path / "run"), finished(train(tmp_path / "other"))
    others[1].folder = tmp_path / "run"
    steps = train(tmp_path / "run").run()
    next(steps)
    before = files(tmp_path / "run")
    for act in (lambda: finished(others[0]), others[1].finish):
        with pytest.raises(
            BlockingIOError, match=rf"^another training .* to {escape(str(tmp_path / 'run'))}: wait for"
        ):
            act()
    assert files(tmp_path / "run") == before
    assert len([*steps]) == 5
    resumed(train(tmp_path / "run")).finish()


# Where a run may begin


@pytest.mark.parametrize(
    "name", [WEIGHTS, CONFIG, "config.next.json", METRICS, HISTORY, OUTPUT, INDEX, "memorised.npy"]
)
def test_a_folder_with_a_file_that_a_run_would_replace_is_refused_untouched(train, tmp_path, name):
    (tmp_path / "mine").write_text("kept")
    check_unused(tmp_path)
    (tmp_path / name).write_text("mine, too")
    with pytest.raises(
        FileExistsError, match=rf"^{escape(str(tmp_path))} already holds {escape(name)}: choose another"
    ):
        finished(train(tmp_path))
    assert files(tmp_path) == {"mine": b"kept", name: b"mine, too"}


def test_a_folder_with_a_checkpoint_or_a_run_is_refused_naming_what_is_there(train, tmp_path, weights):
    shutil.copytree(weights, tmp_path, dirs_exist_ok=True)
    with pytest.raises(FileExistsError, match=f"already holds {WEIGHTS}, {CONFIG}: choose"):
        finished(train(tmp_path))
    assert files(tmp_path) == files(weights)
    finished(train(tmp_path / "run"))
    before = files(tmp_path / "run")
    with pytest.raises(FileExistsError, match=r"run already holds a run: resume it, or choose another folder$"):
        finished(train(tmp_path / "run"))
    assert files(tmp_path / "run") == before


def test_a_folder_that_cannot_be_written_to_is_named_with_the_remedy(train, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "run" / LOCK).mkdir(parents=True)
    for folder in ("file", "file/run", "run"):
        with pytest.raises(
            OSError, match=rf"^the run cannot be kept in {escape(str(tmp_path / folder))} \(.*\): choose"
        ):
            finished(train(tmp_path / folder))


# Disks


def test_room_for_all_files_of_a_run_is_checked_before_its_first_step(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    check_free_disk(tmp_path, free // 4, free // 16, 3)
    with pytest.raises(
        OSError, match=r"^the run needs [\d,.]+ MB of disk, .* has [\d,.]+ MB free: make room, or choose"
    ):
        check_free_disk(tmp_path, free // 4, free // 4, 3)
    check_free_disk(tmp_path, 0, 9 * free // 10, 0)  # other tests write to this disk, too


@pytest.mark.parametrize("changes", [{"optimizer": "muon", "ema_decay": 0.9}, {}], ids=str)
def test_the_size_of_a_state_is_known_before_the_first_step(train, tmp_path, changes):
    trainer = train(tmp_path, model={"n_embd": 128}, **changes)
    expected = trainer._learner.state_bytes()
    assert not (tmp_path / STATE).exists()
    size = (finished(trainer).folder / STATE).stat().st_size
    assert expected < size < 1.1 * expected + 10_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_file_system(tmp_path / "disk", kilobytes=400) as folder:
        yield folder


def test_a_run_too_large_for_its_disk_is_refused_with_both_numbers(train, small_disk):
    with pytest.raises(OSError, match=r"^the run needs \d\.\d MB of disk, .* has 0\.[34] MB free: make room"):
        finished(train(small_disk / "run", model={"n_embd": 64}))
    assert not files(small_disk / "run")


@pytest.mark.parametrize("room", [0, 4096, 16384, 40960])
def test_a_run_whose_disk_becomes_full_keeps_what_was_saved_and_goes_on_when_there_is_room(
    train, small_disk, tmp_path, room
):
    finished(train(tmp_path / "whole"))
    filler = small_disk / "filler"

    def fill_after_step_2() -> None:
        for progress in train(small_disk / "run").run():
            if progress.step == 2:
                filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - room))

    with pytest.raises(
        OSError, match=r"^step 4 could not be saved in .*run \(No space left on device\): what was saved"
    ):
        fill_after_step_2()
    assert read_state(small_disk / "run")[1]["step"] == 2
    filler.unlink()
    resumed(train(small_disk / "run"))
    assert_same_run(tmp_path / "whole", small_disk / "run")
