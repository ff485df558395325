"""Loading of a checkpoint into the fastest engine that can run it here."""

from pathlib import Path

from tinygpt.checkpoint.reading import Checkpoint, read_checkpoint
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.engines.selection import as_engine, numba_engine


def open_checkpoint(folder: str | Path, device: str = "auto") -> tuple[Engine, TextEncoderDecoder]:
    """The engine and the tokenizer of the checkpoint in a folder. Raises as read_checkpoint and open_engine do."""
    checkpoint = read_checkpoint(folder)
    return open_engine(checkpoint, device), TextEncoderDecoder(checkpoint.vocabulary)


def open_engine(checkpoint: Checkpoint, device: str = "auto") -> Engine:
    """The engine for a checkpoint: for "auto" and "cpu" that of numba if it can run, otherwise torch on the device.

    Torch is imported only if it is needed, and then computes on one CPU core per text.

    Raises ValueError for a device that is not available, and for weights that lead to infinities or NaN.
    """
    reason = ""
    if device in ("auto", "cpu"):
        engine, reason = numba_engine(checkpoint.config, checkpoint.tensors)
        if engine:
            return engine
    from tinygpt.checkpoint.torch_checkpoint import build_model
    from tinygpt.engines.device import choose_device, use_one_core

    model = build_model(checkpoint).to(choose_device(device))
    use_one_core()
    return as_engine(model, reason)
