"""A trained model in the form that writes fastest on a processor: machine code over packed weights, no torch."""

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.sampling import check_finite
from tinygpt.trace import Trace

if TYPE_CHECKING:
    from tinygpt.model import GPTLanguageModel


class CompiledModel:
    """A model as kernels.py computes it. Shared by any number of readers, in as many threads."""

    def __init__(self, config: GPTConfig, tensors: dict[str, np.ndarray]):
        from tinygpt import packed  # numba is optional, and takes a while to import

        self.config, self.weights = config, packed.pack(config, tensors)

    def reader(self, batch: int) -> "CompiledReader":
        """To read and continue `batch` texts side by side, each character once."""
        return CompiledReader(self, batch)

    def trace(self, ids: list[int]) -> Trace:
        """Read one text of at most a window, and tell what went on."""
        from tinygpt import kernels, packed

        cache = packed.empty_cache(self.config, noted=len(ids))
        stream_LC = cache.notes.stream_LC
        logits_LV = np.empty((len(stream_LC), self.config.vocab_size + kernels.WIDTH), np.float32)
        kernels.read(self.weights, cache, checked(self.config, ids), 0, logits_LV[-1])
        kernels.unembed(self.weights, stream_LC, logits_LV)
        keys_LHTD = packed.keys(cache, len(ids))
        return Trace(cache.notes.queries_LHTD, keys_LHTD, stream_LC, logits_LV[:, : self.config.vocab_size])


def compiled(config: GPTConfig, tensors: dict[str, np.ndarray]) -> CompiledModel | None:
    """The float32 tensors of a model's state_dict, compiled; None where numba is missing or does not succeed.

    The first time on a machine takes seconds: then numba compiles, and keeps the result. Raises
    ValueError for weights with which nothing can be written.
    """
    try:
        model = CompiledModel(config, tensors)
        model.reader(1).write([0], 1, SampleConfig().seeded(), 0)  # compiles, or fetches what was compiled
    except ValueError:
        raise
    except Exception:  # no numba, no folder or no room for what it keeps, an LLVM that it does not know
        return None
    return model


def fastest(model: "GPTLanguageModel") -> "GPTLanguageModel | CompiledModel":
    """The model compiled, if it is on the processor in float32 and that can be done here; otherwise as it is.

    Both write the same text, but for a draw that falls within rounding of the border between two
    characters. To be made anew whenever the model's weights have changed.
    """
    tensors = model.state_dict()
    if any(tensor.device.type != "cpu" or tensor.dtype.itemsize != 4 for tensor in tensors.values()):
        return model
    return compiled(model.config, {name: tensor.numpy() for name, tensor in tensors.items()}) or model


class CompiledReader:
    """Texts being read, row by row of a batch, and the keys and values of what was read."""

    def __init__(self, model: CompiledModel, batch: int):
        from tinygpt import kernels, packed

        self._model, self._kernels, self._length = model, kernels, 0
        self._caches = [packed.empty_cache(model.config) for _ in range(batch)]

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """Read the next characters of each row: logits_BV of the one after the last."""
        config, kernels = self._model.config, self._kernels
        logits_BV = np.empty((len(rows), config.vocab_size + kernels.WIDTH), np.float32)
        for cache, ids, logits_V in zip(self._caches, rows, logits_BV, strict=True):
            kernels.read(self._model.weights, cache, checked(config, ids, self._length), self._length, logits_V)
        self._length += len(rows[0])
        return logits_BV[:, : config.vocab_size]

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """Read the next characters of the only row, then draw `count`, the first as number `i` of the request.

        With them comes how likely the model held each. The last one drawn is not read yet.
        """
        (cache,), written, expected = self._caches, np.empty(count, np.int64), np.empty(count, np.float32)
        how = float(settings.temperature), settings.top_k or 0, float(settings.top_p or 0), np.uint64(settings.seed)
        ids_N = checked(self._model.config, ids, self._length + count - 1)
        self._kernels.write(self._model.weights, cache, ids_N, self._length, written, expected, *how, i)
        check_finite(expected)
        self._length += len(ids) + count - 1
        return written.tolist(), expected.tolist()

    def clear(self) -> None:
        """Start new windows at position 0."""
        self._length = 0

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        self._caches = [
            deepcopy(self._caches[row]) if row in rows[:i] else self._caches[row] for i, row in enumerate(rows)
        ]


def checked(config: GPTConfig, ids: list[int], others: int = 0) -> np.ndarray:
    """Ids that fit into a window beside so many others: ids_N. Machine code reads and writes wherever it is told to."""
    assert others + len(ids) <= config.block_size, "the window is full"
    assert 0 <= min(ids) <= max(ids) < config.vocab_size, "no such character"
    return np.array(ids, np.int64)
