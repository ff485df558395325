"""An engine that runs a model until a faster one is ready, which then goes on with every text where it is."""

from concurrent.futures import Future, wait

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.engines.engine import Engine, Reader
from tinygpt.model.activation_cache import ActivationCache


class HandoverEngine:
    """Runs a model with one engine, and with the one in the future once that has come.

    Args:
        first: the engine to begin with.
        future: gets the other engine and "", or None and the reason why there is none, in a sentence.
    """

    def __init__(self, first: Engine, future: Future[tuple[Engine | None, str]]):
        self.config = first.config
        self._first, self._future = first, future

    @property
    def current(self) -> Engine:
        """The engine to use now. Raises what the future was given as an exception."""
        return self._first if self.pending else self._future.result()[0] or self._first

    @property
    def pending(self) -> bool:
        """See Engine."""
        return not self._future.done()

    @property
    def name(self) -> str:
        """See Engine."""
        return self.current.name

    @property
    def slower_because(self) -> str:
        """See Engine."""
        if self.pending:
            return "the faster one is being compiled, which takes up to a minute on the first start"
        return self._future.result()[1]

    def open_reader(self, batch: int) -> "HandoverReader":
        """See Engine."""
        return HandoverReader(self, batch)

    def wait(self) -> None:
        """Wait until the other engine has come, or never will."""
        wait([self._future])

    def activations(self, ids: list[int]) -> ActivationCache:
        """See Engine."""
        return self.current.activations(ids)


class HandoverReader:
    """A Reader of a HandoverEngine. When the engine changes, the new one reads what the old one had read."""

    def __init__(self, engine: HandoverEngine, batch: int):
        self._engine, self._current = engine, engine.current
        self._reader: Reader = self._current.open_reader(batch)
        self._rows: list[list[int]] = [[] for _ in range(batch)]  # what has been read

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """See Reader."""
        unread = self._to_read(rows)  # may change the reader
        logits_BV = self._reader.read(unread)
        self._rows = [[*row, *ids] for row, ids in zip(self._rows, rows, strict=True)]
        return logits_BV

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """See Reader."""
        (unread,) = self._to_read([ids])  # may change the reader
        sampled, probabilities = self._reader.write(unread, count, settings, i)
        self._rows = [[*self._rows[0], *ids, *sampled[:-1]]]
        return sampled, probabilities

    def clear(self) -> None:
        """See Reader."""
        self._rows = [[] for _ in self._rows]
        self._reader.clear()

    def select(self, rows: list[int]) -> None:
        """See Reader."""
        self._reader.select(rows)
        self._rows = [self._rows[row] for row in rows]

    def _to_read(self, rows: list[list[int]]) -> list[list[int]]:
        """What the reader has to read, so that it then has read these ids."""
        if self._engine.current is self._current or len(rows) != len(self._rows):
            return rows
        self._current = self._engine.current
        self._reader = self._current.open_reader(len(rows))
        return [[*row, *ids] for row, ids in zip(self._rows, rows, strict=True)]
