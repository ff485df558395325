"""Processes that are killed while they save checkpoints, forked from a server that has imported torch already."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import read_facts

_DISK_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove")  # of Python's audit hooks
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def save_and_die(source: Path, folder: Path, step: int) -> bool:
    """Save a copy of the checkpoint `source` in `folder`, in a process that kills itself at its disk access `step`.

    Returns whether it was killed; otherwise the save had fewer disk accesses and is done.
    """
    process = _context.Process(target=_save_and_die, args=(source, folder, step))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def kill_while_saving(sources: list[Path], folder: Path, accesses: int) -> None:
    """Save copies of several checkpoints in `folder`, over and over; kill that after so many disk accesses."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_save_forever, args=(sources, folder, sender))
    process.start()
    sender.close()
    for _ in range(accesses):
        receiver.recv_bytes()
    process.kill()
    process.join()
    receiver.close()
    assert process.exitcode == -signal.SIGKILL


def _save_and_die(source: Path, folder: Path, step: int) -> None:
    save, accesses = _saver(source, folder), iter(range(step))

    def die_at_step() -> None:
        if next(accesses, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    _on_disk_access(die_at_step)
    save()


def _save_forever(sources: list[Path], folder: Path, sender: Connection) -> None:
    savers = [_saver(source, folder) for source in sources]
    _on_disk_access(lambda: sender.send_bytes(b"."))
    while True:
        for save in savers:
            save()


def _saver(source: Path, folder: Path) -> Callable[[], None]:
    torch.set_num_threads(1)
    (model, tokenizer), facts = load_checkpoint(source), {"steps": read_facts(source)["steps"]}
    return lambda: save_checkpoint(folder, model, tokenizer, facts=facts)


def _on_disk_access(act: Callable[[], None]) -> None:
    """Call `act` before every access to the disk from now on."""
    sys.addaudithook(lambda event, _: act() if event in _DISK_EVENTS else None)
