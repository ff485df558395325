"""Training runs whose process is killed, over and over, while it writes to the folder of the run."""

import shutil
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.mutations.processes import CONTEXT, on_access
from tests.mutations.tiny_run import train
from tests.runs import assert_same_run
from tinygpt import load_checkpoint
from tinygpt.checkpoint.reading import HISTORY, WEIGHTS
from tinygpt.training.state import STATE, read_state

_NEVER = 10**9  # accesses to the disk


def kill_runs(folder: Path, kills: int, pick: Random) -> int:
    """Kill a training run at random moments, resume it after each, and begin the next run when it has ended.

    After every kill, what had been saved before must be whole. A run that ends must equal one that was never killed,
    and must have left nothing else behind. Returns the number of runs that ended.
    """
    whole, killed, ended = folder / "never-killed", folder / "killed", 0
    _train_until_killed(whole, _NEVER)
    while kills:
        step, going_on = -1, True
        while going_on:
            going_on = _train_until_killed(killed, pick.randrange(1, 100) if kills else _NEVER)
            kills -= going_on
            step = _check_whole(killed, step)
        assert_same_run(whole, killed)
        assert _names(killed) == _names(whole)
        shutil.rmtree(killed)
        ended += 1
    return ended


def _train_until_killed(folder: Path, accesses: int) -> bool:
    """Train in another process, and kill it after so many accesses to the disk. Returns whether it was still going."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_train, args=(folder, sender))
    process.start()
    sender.close()
    try:
        for _ in range(accesses):
            receiver.recv_bytes()
    except EOFError:  # it has ended
        pass
    else:
        process.kill()
    process.join()
    receiver.close()
    assert process.exitcode in (0, -signal.SIGKILL), f"training ended with {process.exitcode}"
    return process.exitcode != 0


def _train(folder: Path, sender: Connection) -> None:
    on_access(folder, lambda: sender.send_bytes(b"."))
    train(folder)


def _check_whole(folder: Path, step: int) -> int:
    """Check what is in the folder of a run whose training state was that of `step`, and return its present step."""
    assert step < 0 or (folder / STATE).exists(), "the training state is gone"
    now = read_state(folder)[1]["step"] if (folder / STATE).exists() else -1
    assert now >= step, f"the training state went back from step {step} to {now}"
    assert now < 1 or (folder / WEIGHTS).exists(), "the weights are gone"
    for place in [folder, *folder.glob(f"{HISTORY}/*")]:
        if (place / WEIGHTS).exists():
            load_checkpoint(place)
    return now


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
