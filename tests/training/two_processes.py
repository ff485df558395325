"""Trains in the processes of a torchrun launch, for test_distributed.py: two_processes.py TEXT_FILE FOLDER FLAGS

After the runs below comes train.py with the FLAGS.
"""

import json
import runpy
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from tests.runs import TRAIN, finished
from tinygpt import GPTConfig, TrainConfig, Trainer, load_dataset, save_checkpoint
from tinygpt.training import distributed
from tinygpt.training.run_folder import locked

_MODEL = GPTConfig(block_size=8, n_layer=1, n_head=2, n_embd=16)
_TRAINING = TrainConfig(batch_size=4, eval_iters=1, learning_rate=1e-3, grad_clip=1.0)

# Runs that one process and two processes do alike: dropout, which differs between processes, is off.
RUNS = {
    "classic": (_MODEL, replace(_TRAINING, max_iters=12, eval_interval=6)),
    "modern": (
        replace(_MODEL, family="qwen3"),
        replace(_TRAINING, max_iters=2, eval_interval=1, optimizer="muon", ema_decay=0.9, batches="shuffled"),
    ),
}
_DROPOUT = replace(_MODEL, dropout=0.2), replace(_TRAINING, max_iters=6, eval_interval=2)
FACTS = "facts.json"


def trainer(text_file: Path, folder: Path, model: GPTConfig, training: TrainConfig) -> Trainer:
    dataset = load_dataset(text_file)
    return Trainer(replace(model, vocab_size=dataset.tokenizer.vocab_size), training, dataset, folder)


def main(text_file: Path, folder: Path) -> None:
    for name, configs in RUNS.items():
        finished(trainer(text_file, folder / name, *configs))
    finished(trainer(text_file, folder / "whole", *_DROPOUT))
    parts = trainer(text_file, folder / "parts", *_DROPOUT)
    stopping = parts if distributed.rank() == 1 else None  # one process is asked to stop, and both do
    for progress in parts.run():
        if stopping and progress.step == 3:
            stopping.stop()
    stopped_at = parts.step
    again = trainer(text_file, folder / "parts", *_DROPOUT)
    again.resume()
    finished(again)
    facts = {
        "stopped at": stopped_at,
        "uneven batch": _refusal(lambda: trainer(text_file, folder / "none", _MODEL, replace(_TRAINING, batch_size=3))),
        "run of one process": _refusal(trainer(text_file, folder / "one", *RUNS["classic"]).resume),
        "a folder that is in use": _refusal_of_a_locked_folder(text_file, folder),
        "an error in the first": distributed.every_process(
            isinstance(_raised_by_the_first(), ZeroDivisionError if distributed.rank() == 0 else ChildProcessError)
        ),
        "flags": [distributed.any_process(distributed.rank() == i) for i in range(3)]
        + [distributed.every_process(distributed.rank() < i) for i in range(3)],
        "ranks": [int(rank) for rank in distributed.gather(torch.tensor(distributed.rank()))],
    }
    wrapped = distributed.data_parallel(again.published_model)
    if distributed.rank() == 0:
        save_checkpoint(folder / "wrapped", wrapped, again.dataset.tokenizer, quantize=True)
        (folder / FACTS).write_text(json.dumps(facts))


def _refusal_of_a_locked_folder(text_file: Path, folder: Path) -> str | None:
    """Both processes are refused; the lock is the first one's, in which the folder is held open."""
    run = trainer(text_file, folder / "in use", *_DROPOUT)
    with locked(folder / "in use") if distributed.rank() == 0 else nullcontext():
        return _refusal(lambda: finished(run))


def _raised_by_the_first() -> Exception | None:
    try:
        distributed.in_first_process(lambda: 1 / 0)
    except Exception as error:
        return error
    return None


def _refusal(action: Callable[[], object]) -> str | None:
    try:
        action()
    except (ValueError, OSError) as error:
        return str(error)
    return None


def train_py(flags: list[str]) -> None:
    """Run train.py in the process group of this process: torch cannot make another one after it."""
    distributed.process_group = nullcontext
    sys.argv = [str(TRAIN), *flags]
    runpy.run_path(str(TRAIN), run_name="__main__")


if __name__ == "__main__":
    with distributed.process_group(torch.device("cpu")):
        main(*map(Path, sys.argv[1:3]))
        train_py(sys.argv[3:])
