"""Reading damaged files in a process of its own, which has a bound on its memory and a deadline for each file."""

import hashlib
import json
import logging
import os
import resource
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import torch

from tests.mutations.damage import SPARSE, damage_bytes, damage_json, damage_safetensors, dump_json
from tests.mutations.processes import CONTEXT
from tests.mutations.tiny_run import TEXT, save_whole_run
from tinygpt import Trainer, load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, METRICS, WEIGHTS
from tinygpt.data.memorization import INDEX, memorized_spans, read_index
from tinygpt.hub.model_card import model_card
from tinygpt.request import GenerationRequest
from tinygpt.training.metrics import keep_rows_until
from tinygpt.training.state import STATE, saved_run
from tinygpt.ui.components.facts_table import facts
from tinygpt.ui.components.loss_chart import loss_chart
from tinygpt.ui.services.evaluations import read_evaluations
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session, StopSignal

DEADLINE = 30  # seconds for one file
MEMORY = 1_000_000_000  # bytes beyond what the process needs to start
_REQUEST = GenerationRequest(prompt="a", length=3, seed=1)


class DeadlineError(BaseException):
    """Raised by the alarm clock. No handler of errors takes it for one of a file."""


class MutationError(AssertionError):
    """Raised for damage that was neither harmless nor refused as it should be, with the command to reproduce it."""

    def __init__(self, kind: str, seed: int, problem: str):
        again = f"python -m tests.mutations --count 1 --kills 0 --seed {seed}"
        super().__init__(f"damaged {kind}: {problem}\nTo reproduce: {again}")


def read_in_another_process(folder: Path, seeds: range) -> tuple[dict[str, Counter[str]], int]:
    """Damage and read the files of a tiny run, once for each seed and kind of file, in a process of its own.

    Returns how many of each kind loaded and were refused, and the largest memory used beyond that at the start, in
    bytes. Raises MutationError at the first that did neither, or that ended the process.
    """
    outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in _KINDS}
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_read_all, args=(folder, seeds, sender))
    process.start()
    sender.close()
    kind, seed, memory = "none yet", seeds.start, 0
    try:
        while receiver.poll(600):
            kind, seed, outcome, memory = receiver.recv()
            if outcome not in ("", "loads", "refused"):
                raise MutationError(kind, seed, outcome)
            if outcome:
                outcomes[kind][outcome] += 1
        raise MutationError(kind, seed, "hangs")
    except EOFError:
        process.join()
        if process.exitcode:
            raise MutationError(kind, seed, f"ended the process with {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    return outcomes, memory


def _read_all(folder: Path, seeds: range, sender: Connection) -> None:
    """Send (kind, seed, outcome, memory) before every damaged file, with an empty outcome, and after it."""
    whole, damaged = folder / "whole", folder / "damaged"
    trainer = save_whole_run(whole)
    logging.disable()
    _warm_up(whole, damaged, trainer)
    signal.signal(signal.SIGALRM, _on_alarm)
    used = _limit_memory()
    for seed in seeds:
        for kind, (names, damage, read) in _KINDS.items():
            sender.send((kind, seed, "", _peak() - used))
            damaged.mkdir()
            for name in names:
                shutil.copyfile(whole / name, damaged / name)
            damage(damaged, Random(f"{kind} {seed}"))
            sender.send((kind, seed, _outcome(partial(read, damaged, trainer)), _peak() - used))
            shutil.rmtree(damaged)


def _warm_up(whole: Path, folder: Path, trainer: Trainer) -> None:
    """Read what is whole. The engine compiles for quantized weights and for others, longer than any file may take."""
    for _, _, read in _KINDS.values():
        read(whole, trainer)
    save_checkpoint(folder, trainer.model, trainer.dataset.tokenizer)
    _read_checkpoint(folder, trainer)
    shutil.rmtree(folder)


def _outcome(read: Callable[[], None]) -> str:
    """ "loads", "refused", or what went wrong."""
    signal.alarm(DEADLINE)
    try:
        read()
        return "loads"
    except (ValueError, OSError) as error:
        lines = str(error).splitlines()
        fine = len(lines) == 1 and len(lines[0]) < 1000
        return "refused" if fine else f"refused in {len(lines)} lines, {len(str(error))} characters:\n{_trace()}"
    except (Exception, DeadlineError):
        return _trace()
    finally:
        signal.alarm(0)


def _damage_checkpoint(folder: Path, pick: Random) -> None:
    """Damage the weights, config.json or both; half of the time the sha256 of the weights is that of the damaged."""
    weights, config = (folder / WEIGHTS).read_bytes(), (folder / CONFIG).read_bytes()
    which = pick.randrange(5)
    for _ in range(pick.choice([1, 1, 1, 3])):
        if which <= 2:
            weights = _damage_file(weights, damage_safetensors, pick)
        if which >= 2:
            config = _damage_file(config, _damage_json_file, pick)
    if pick.random() < 0.5:
        with suppress(ValueError, TypeError, RecursionError):  # unless it is not JSON any more
            config = json.dumps(json.loads(config) | {"weights_sha256": hashlib.sha256(weights).hexdigest()}).encode()
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CONFIG).write_bytes(config)
    _damage_place(folder / pick.choice([WEIGHTS, CONFIG]), pick)


def _read_checkpoint(folder: Path, _: Trainer) -> None:
    """Open the weights as the page, the terminal and a push to the Hub do."""
    session = Session(folder, "cpu")
    *_, last = session.write(_REQUEST, StopSignal())
    shown = [last.text, str(facts(session)), str(Registry(session).choices()), model_card(session.facts)]
    "".join(shown).encode()  # can be sent to a browser
    load_checkpoint(folder)


def _damage_state(folder: Path, pick: Random) -> None:
    path = folder / STATE
    path.write_bytes(_damage_file(path.read_bytes(), damage_safetensors, pick))
    _damage_place(path, pick)


def _read_state(folder: Path, trainer: Trainer) -> None:
    """Resume the run; it must be the one that was saved: a single other bit would make another run of it."""
    run = saved_run(folder)
    trainer.folder = folder
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.resume()
    assert run.model == trainer.model.config
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainer.model.state_dict().items())
    assert trainer.step == trainer.config.max_iters


def _damage_metrics(folder: Path, pick: Random) -> None:
    path = folder / METRICS
    rows = path.read_bytes().splitlines()
    at = pick.randrange(len(rows))
    if pick.random() < 0.7:
        rows[at] = _damage_json_file(rows[at], pick)
    path.write_bytes(_damage_file(b"\n".join(rows) + b"\n", damage_bytes, pick))
    _damage_place(path, pick)


def _read_metrics(folder: Path, _: Trainer) -> None:
    """Draw the curves as the page does, and go on with them as a resumed run does."""
    str(loss_chart(read_evaluations(folder), [])).encode()
    keep_rows_until(folder, 2)


def _damage_index(folder: Path, pick: Random) -> None:
    path = folder / INDEX
    path.write_bytes(damage_bytes(path.read_bytes(), pick))
    _damage_place(path, pick)


def _read_index(folder: Path, _: Trainer) -> None:
    index = read_index(folder)
    if index is not None:
        memorized_spans(index, TEXT[:200])


# Kinds of files: their names, how they are damaged, and how they are read.
_KINDS = {
    "checkpoint": ((WEIGHTS, CONFIG), _damage_checkpoint, _read_checkpoint),
    "state": ((STATE,), _damage_state, _read_state),
    "metrics": ((METRICS,), _damage_metrics, _read_metrics),
    "index": ((INDEX,), _damage_index, _read_index),
}


def _damage_file(content: bytes, damage: Callable[[bytes, Random], bytes], pick: Random) -> bytes:
    """Damage a file in its own format if it still has that, otherwise its bytes."""
    if pick.random() < 0.6:
        with suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):  # if it is damaged already
            return damage(content, pick)
    return damage_bytes(content, pick)


def _damage_json_file(content: bytes, pick: Random) -> bytes:
    return dump_json(damage_json(json.loads(content), pick), pick)


def _damage_place(path: Path, pick: Random) -> None:
    """Now and then, let the file be another kind of file, or far larger."""
    chance = pick.random()
    if chance < 0.02:
        os.truncate(path, SPARSE)
    elif chance < 0.06:
        path.unlink()
        if chance < 0.03:
            path.mkdir()
        elif chance < 0.04:
            os.mkfifo(path)
        elif chance < 0.05:
            path.symlink_to(path)


def _on_alarm(*_) -> None:
    raise DeadlineError(f"took longer than {DEADLINE} seconds")


def _limit_memory() -> int:
    """Allow MEMORY more bytes than are in use, and return these."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
    return _peak()


def _peak() -> int:
    """The largest memory that this process has used so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)


def _trace() -> str:
    return traceback.format_exc()[-3000:]
