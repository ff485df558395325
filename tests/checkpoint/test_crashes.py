"""Nothing is lost: after a kill at any moment, on a full disk, and beside damaged files."""

import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import torch

from tests.disks import files_of_at_most, small_file_system
from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint, save_tensors

pytest.importorskip("resource", reason="Windows has neither SIGKILL nor limits on memory and files")

from tests.checkpoint.kills import save_and_die
from tests.ci import ONLY_IN_CI
from tests.mutations.killing import kill_runs
from tests.mutations.reading import read_in_another_process


@pytest.fixture(scope="module")
def save(build, tokenizer) -> Callable[[Path, int], None]:
    """save(folder, n): save a checkpoint whose model has n layers, and whose config.json says n steps."""
    return lambda folder, n: save_checkpoint(folder, build(n_layer=n, seed=n), tokenizer, facts={"steps": n})


@pytest.fixture
def found(build) -> Callable[[Path], int]:
    """found(folder): the n of the checkpoint in the folder, whose files must belong together."""

    def which(folder: Path) -> int:
        model, _ = load_checkpoint(folder)
        n = read_facts(folder)["steps"]
        assert model.config.n_layer == n
        assert torch.equal(model.lm_head.weight, build(n_layer=n, seed=n).lm_head.weight)
        return n

    return which


@pytest.fixture(scope="module")
def saved(save, tmp_path_factory) -> dict[int, Path]:
    """Folders of saved checkpoints, by their n."""
    folders = {n: tmp_path_factory.mktemp(f"saved-{n}") for n in (1, 2, 3)}
    for n, folder in folders.items():
        save(folder, n)
    return folders


# Kills


def test_killed_at_any_step_of_a_save_a_whole_checkpoint_loads_and_the_next_save_tidies_up(
    saved, save, found, tmp_path
):
    outcomes, killed = [], True
    while killed:
        folder = shutil.copytree(saved[1], tmp_path / str(len(outcomes)))
        killed = save_and_die(saved[2], folder, len(outcomes))
        outcomes.append(found(folder))
        save(folder, 3)
        assert found(folder) == 3
        assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]
    assert len(outcomes) > 6
    assert outcomes == sorted(outcomes)  # the old one up to some step, the new one from there on
    assert outcomes[0] == 1
    assert outcomes[-1] == 2


def test_killed_in_one_save_and_again_in_the_next_a_checkpoint_still_loads(saved, found, tmp_path):
    moments, once, killed = Random(0), 0, True
    while killed:
        folder = shutil.copytree(saved[1], tmp_path / str(once))
        killed = save_and_die(saved[2], folder, once)
        before, twice = found(folder), moments.randrange(1, 14)
        again = save_and_die(saved[3], folder, twice)
        assert found(folder) in ((before, 3) if again else (3,)), f"killed at access {once}, then at {twice}"
        once += 1
    assert once > 6


@ONLY_IN_CI
def test_a_run_killed_over_and_over_loses_nothing_and_ends_as_one_that_was_not(tmp_path):
    assert kill_runs(tmp_path, 20, Random(0)) > 2


# Damage


@ONLY_IN_CI
def test_damaged_files_of_a_run_load_or_are_refused_in_one_line_within_their_bounds(tmp_path):
    outcomes, _ = read_in_another_process(tmp_path, range(200))
    assert {kind: counted.total() for kind, counted in outcomes.items()} == {
        "checkpoint": 200,
        "state": 200,
        "metrics": 200,
        "index": 200,
    }
    assert all(outcomes[kind]["refused"] > 50 for kind in ("checkpoint", "state", "index"))
    assert outcomes["checkpoint"]["loads"] > 5


# Full disks


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    with small_file_system(tmp_path / "disk", kilobytes=256) as folder:
        yield folder


def fill(disk: Path, room: int) -> None:
    """Fill a disk up to so many bytes."""
    (disk / "filler").write_bytes(b"")
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - room))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def runs_out_of_room(act: Callable[[], None]) -> bool:
    try:
        act()
    except OSError as error:
        return error.errno == errno.ENOSPC
    return False


@pytest.mark.parametrize("kind", ["checkpoint", "facts", "state"])
def test_on_a_disk_that_becomes_full_at_any_moment_everything_stays_as_it_was(save, found, small_disk, kind):
    folder = small_disk / "run"
    save(folder, 1)
    save_tensors(folder / "state", {"a": torch.ones(5000)}, {})
    act = {
        "checkpoint": lambda: save(folder, 2),
        "facts": lambda: annotate_checkpoint(folder, other="x" * 50_000),
        "state": lambda: save_tensors(folder / "state", {"a": torch.zeros(20_000)}, {}),
    }[kind]
    before, room, full = contents(folder), 0, True
    while full:
        fill(small_disk, room)
        full = runs_out_of_room(act)
        if full:
            assert contents(folder) == before
            assert found(folder) == 1
        room += 4096
    assert room > 3 * 4096
    assert contents(folder).keys() == before.keys()
    assert found(folder) == (2 if kind == "checkpoint" else 1)


@pytest.mark.parametrize("room", [0, 3_000, 20_000])
def test_when_a_file_cannot_grow_the_old_checkpoint_is_untouched(save, found, tmp_path, room):
    save(tmp_path, 1)
    assert (tmp_path / WEIGHTS).stat().st_size > room
    before = contents(tmp_path)
    with files_of_at_most(room), pytest.raises(OSError, match="File too large"):
        save(tmp_path, 2)
    assert contents(tmp_path) == before
    save(tmp_path, 3)  # room again
    assert found(tmp_path) == 3
