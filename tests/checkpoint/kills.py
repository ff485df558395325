"""Processes that are killed while they save a checkpoint."""

import os
import signal
from pathlib import Path

import torch

from tests.mutations.processes import CONTEXT, on_access
from tinygpt import load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import read_facts


def save_and_die(source: Path, folder: Path, access: int) -> bool:
    """Save a copy of the checkpoint `source` in `folder`, in a process that kills itself at its disk access `access`.

    Returns whether it was killed; otherwise the save had fewer accesses to the disk and is done.
    """
    process = CONTEXT.Process(target=_save_and_die, args=(source, folder, access))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _save_and_die(source: Path, folder: Path, access: int) -> None:
    torch.set_num_threads(1)
    (model, tokenizer), facts = load_checkpoint(source), {"steps": read_facts(source)["steps"]}
    accesses = iter(range(access))

    def die_at_last() -> None:
        if next(accesses, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    on_access(folder, die_at_last)
    save_checkpoint(folder, model, tokenizer, facts=facts)
