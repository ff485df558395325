"""The interface of an engine: what runs a model and returns numpy arrays, whatever it computes with."""

from typing import Protocol

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.model.activation_cache import ActivationCache


class Reader(Protocol):
    """Reads texts with a model, one per row of a batch, and keeps the keys and values of what was read.

    Every method that computes raises ValueError for arguments out of bounds (see bounds.py), and NonFiniteError, a
    ValueError, if the model's weights lead to infinities or NaN.
    """

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """Read the next ids of each row and return the logits of the id after the last: float32, logits_BV.

        Each row has the same number of ids: any number at position 0, a single one at later positions.
        """
        ...

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """Read the next ids of the only row, then sample at least one id and at most `count`.

        The first one sampled is number `i` of its request; the last one is not read yet. Also returns the model's
        own probability of each, before temperature, top-k and top-p.
        """
        ...

    def clear(self) -> None:
        """Start a new window at position 0 in every row."""
        ...

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i], as a beam search drops and forks beams."""
        ...


class Engine(Protocol):
    """A model in a form that can be run. Any number of readers, in as many threads, can share one engine."""

    config: GPTConfig
    name: str  # for people: what computes, and on which device
    slower_because: str  # why a faster engine is not used, in a sentence; "" if this is the fastest
    pending: bool  # whether a faster one is still to come, which then goes on with every text

    def open_reader(self, batch: int) -> Reader:
        """Return a reader of `batch` texts side by side. A reader serves one thread at a time."""
        ...

    def activations(self, ids: list[int]) -> ActivationCache:
        """Read one text of at most `block_size` ids and return what the model computed inside.

        Raises ValueError as a Reader does.
        """
        ...


class EngineUnavailableError(RuntimeError):
    """An engine cannot run on this machine. The message is the reason, in a sentence for people."""
