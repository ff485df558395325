"""Checkpoints survive crashes: after a kill at any moment of a save, or on a full disk, a whole checkpoint loads."""

import random
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, WEIGHTS, read_facts
from tinygpt.checkpoint.torch_checkpoint import save_tensors

resource = pytest.importorskip("resource", reason="Windows has neither SIGKILL nor limits on the size of a file")

from tests.checkpoint.kills import kill_while_saving, save_and_die  # noqa: E402  (needs a fork server)


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


def test_killed_at_any_step_of_a_save_the_old_or_the_new_checkpoint_loads(saved, found, tmp_path):
    outcomes, killed = [], True
    while killed:
        folder = tmp_path / str(len(outcomes))
        shutil.copytree(saved[1], folder)
        killed = save_and_die(saved[2], folder, len(outcomes))
        outcomes.append(found(folder))
    assert len(outcomes) > 6
    assert outcomes == sorted(outcomes)  # the old one up to some step, the new one from there on
    assert outcomes[0] == 1
    assert outcomes[-1] == 2


def test_killed_in_one_save_and_again_in_the_next_a_checkpoint_still_loads(saved, found, tmp_path):
    once, folder, again = 0, tmp_path / "once", tmp_path / "again"
    while save_and_die(saved[2], shutil.copytree(saved[1], folder), once):
        before, twice, killed = found(folder), 0, True
        while killed:
            killed = save_and_die(saved[3], shutil.copytree(folder, again), twice)
            assert found(again) in ((before, 3) if killed else (3,)), f"killed at step {once}, then at {twice}"
            shutil.rmtree(again)
            twice += 1
        shutil.rmtree(folder)
        once += 1
    assert once > 5


def test_killed_from_outside_at_random_moments_while_saving_over_and_over(saved, found, tmp_path):
    shutil.copytree(saved[1], tmp_path, dirs_exist_ok=True)
    moments = random.Random(0)
    for _ in range(30):
        kill_while_saving(list(saved.values()), tmp_path, moments.randrange(1, 40))
        assert found(tmp_path) in (1, 2, 3)


def test_what_a_kill_leaves_behind_is_removed_by_the_next_save(saved, save, tmp_path):
    step = 0
    while save_and_die(saved[1], tmp_path, step):
        step += 1
        save(tmp_path, 2)
        assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]
    assert step > 5


@contextmanager
def disk_with_room_for(size: int):
    """Let writes past `size` bytes of a file fail with a real OSError, as on a full disk."""
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
