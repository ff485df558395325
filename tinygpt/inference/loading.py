"""Loading of a checkpoint into the fastest engine that can run it here."""

import logging
from pathlib import Path

from tinygpt.background import in_background
from tinygpt.checkpoint.reading import Checkpoint, read_checkpoint
from tinygpt.config import SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.engines.handover import HandoverEngine
from tinygpt.engines.selection import as_engine, numba_engine

_log = logging.getLogger(__name__)


def open_checkpoint(
    folder: str | Path, device: str = "auto", *, at_once: bool = False
) -> tuple[Engine, TextEncoderDecoder]:
    """The engine and the tokenizer of the checkpoint in a folder. Raises as read_checkpoint and open_engine do."""
    checkpoint = read_checkpoint(folder)
    return open_engine(checkpoint, device, at_once=at_once), TextEncoderDecoder(checkpoint.vocabulary)


def open_engine(checkpoint: Checkpoint, device: str = "auto", *, at_once: bool = False) -> Engine:
    """The engine for a checkpoint: for "auto" and "cpu" that of numba if it can run, otherwise torch on the device.

    On the first start on a machine, numba's has to be compiled, which takes up to a minute. With `at_once`, torch runs
    the model meanwhile. Torch is imported only if it is needed, and then computes on one CPU core per text.

    Raises ValueError for a device that is not available, and for weights that lead to infinities or NaN.
    """
    config, tensors, reason = checkpoint.config, checkpoint.tensors, ""
    numba_serves = device in ("auto", "cpu")
    if numba_serves:
        engine, reason = numba_engine(config, tensors, only_cached=at_once)
        if engine:
            return engine
    from tinygpt.checkpoint.torch_checkpoint import build_model
    from tinygpt.engines.device import choose_device, use_one_core

    model = build_model(checkpoint).to(choose_device(device))
    use_one_core()
    engine = as_engine(model, reason)
    engine.open_reader(1).write([0], 1, SampleConfig().seeded(), 0)
    if reason or not numba_serves:
        return engine
    _log.warning("Compiling for this machine, which takes up to a minute; torch writes meanwhile, more slowly")
    return HandoverEngine(engine, in_background(lambda: numba_engine(config, tensors)))
