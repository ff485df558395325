"""checkpoint.py: killed at any moment of a save, or on a full disk, the checkpoint still loads."""

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint import save_tensors
from tinygpt.stored import CONFIG, WEIGHTS, read_facts

resource = pytest.importorskip("resource", reason="kills and limits processes in ways that Windows has not")

_STEPS = ("open", "os.mkdir", "os.rename", "os.remove")  # what a save does to the disk, as Python's audit calls it


@pytest.fixture
def save(build, tokenizer) -> Callable[[Path, int], None]:
    """save(folder, n): a checkpoint that is like no other; the model has n layers and says so."""
    return lambda folder, n: save_checkpoint(folder, build(n_layer=n, seed=n), tokenizer, facts={"steps": n})


@pytest.fixture
def found(build) -> Callable[[Path], int]:
    """found(folder): the n of the checkpoint in it, which has to be all of one piece."""

    def which(folder: Path) -> int:
        model, _ = load_checkpoint(folder)
        n = read_facts(folder)["steps"]
        assert model.config.n_layer == n
        assert torch.equal(model.lm_head.weight, build(n_layer=n, seed=n).lm_head.weight)
        return n

    return which


def forked(work: Callable[[], None]) -> int:
    """Start `work` in a process of its own; returns its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def survived(child: int) -> bool:
    """Whether a process came to its end; the only other way it may go is by SIGKILL."""
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == 0


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Run `work` in a process that is killed just before its step number `step` on the disk, if it has so many."""
    steps = iter(range(step))

    def count(event: str, _) -> None:
        if event in _STEPS and next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return not survived(forked(lambda: (sys.addaudithook(count), work())))


def test_killed_at_any_step_of_a_save_the_old_or_the_new_checkpoint_loads(save, found, tmp_path):
    outcomes, step = [], 0
    while True:
        folder = tmp_path / str(step)
        save(folder, 1)
        if not killed_at(step, lambda folder=folder: save(folder, 2)):
            break
        outcomes.append(found(folder))
        step += 1
    assert len(outcomes) > 5
    assert outcomes == sorted(outcomes)  # the old one up to some step, the new one from there
    assert set(outcomes) == {1, 2}
    assert found(folder) == 2


def test_killed_in_one_save_and_again_in_the_next_a_checkpoint_still_loads(save, found, tmp_path):
    once = 0
    save(tmp_path / "first", 1)
    while True:
        shutil.copytree(tmp_path / "first", tmp_path / "after one")
        if not killed_at(once, lambda: save(tmp_path / "after one", 2)):
            break
        before, twice, killed = found(tmp_path / "after one"), 0, True
        while killed:
            folder = tmp_path / "after two"
            shutil.copytree(tmp_path / "after one", folder)
            killed = killed_at(twice, lambda folder=folder: save(folder, 3))
            assert found(folder) in ((before, 3) if killed else (3,)), f"killed at step {once}, then at {twice}"
            shutil.rmtree(folder)
            twice += 1
        shutil.rmtree(tmp_path / "after one")
        once += 1
    assert once > 5


def test_killed_from_outside_at_random_moments_while_saving_over_and_over(save, found, tmp_path):
    save(tmp_path, 1)
    chance = random.Random(0)
    for _ in range(30):
        told, telling = os.pipe()

        def save_forever(telling=telling):
            sys.addaudithook(lambda event, _: os.write(telling, b".") if event in _STEPS else None)
            while True:
                for n in (1, 2, 3):
                    save(tmp_path, n)

        child = forked(save_forever)
        os.close(telling)
        for _ in range(chance.randrange(1, 40)):
            assert os.read(told, 1) == b"."
        os.kill(child, signal.SIGKILL)
        assert not survived(child)
        os.close(told)
        assert found(tmp_path) in (1, 2, 3)


def test_what_a_kill_leaves_behind_is_swept_by_the_next_save(save, found, tmp_path):
    step = 0
    while killed_at(step, lambda: save(tmp_path, 1)):
        step += 1
        save(tmp_path, 2)
        assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]


@contextmanager
def disk_with_room_for(size: int):
    """Real writes past `size` bytes of a file fail with an OSError, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 100, 3_000, 8_192, 20_000])
def test_on_a_full_disk_the_old_checkpoint_is_untouched(save, found, tmp_path, room):
    save(tmp_path, 1)
    assert (tmp_path / WEIGHTS).stat().st_size > room
    before = (tmp_path / WEIGHTS).read_bytes(), (tmp_path / CONFIG).read_bytes()
    with disk_with_room_for(room), pytest.raises(OSError, match="File too large"):
        save(tmp_path, 2)
    assert ((tmp_path / WEIGHTS).read_bytes(), (tmp_path / CONFIG).read_bytes()) == before
    assert found(tmp_path) == 1
    assert not list(tmp_path.glob(".*"))
    save(tmp_path, 3)  # room again
    assert found(tmp_path) == 3


def test_on_a_full_disk_other_files_keep_their_old_content_too(tmp_path):
    path = tmp_path / "state"
    save_tensors(path, {"a": torch.ones(1000)}, {})
    before = path.read_bytes()
    with disk_with_room_for(500), pytest.raises(OSError, match="File too large"):
        save_tensors(path, {"a": torch.zeros(1000)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
