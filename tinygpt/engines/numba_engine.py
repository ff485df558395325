"""A model run by machine code that numba compiles, on the CPU. Needs no torch."""

from copy import deepcopy
from types import ModuleType
from typing import Self

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.engines.bounds import check_batch, check_rows, check_write, checked_ids
from tinygpt.engines.engine import EngineUnavailableError
from tinygpt.model.activation_cache import ActivationCache
from tinygpt.model.sampling import NonFiniteError, check_finite


class NumbaEngine:
    """Runs a model with the compiled functions of kernels.py, on one core per reader."""

    pending = False

    def __init__(self, config: GPTConfig, tensors: dict[str, np.ndarray]):
        from tinygpt.engines import weight_layout  # numba is optional, and slow to import

        self.config, self.slower_because, self.name = config, "", "numba on cpu"
        self.weights, self.guesses = weight_layout.convert(config, tensors), weight_layout.no_guesses()

    @classmethod
    def compiled(cls, config: GPTConfig, tensors: dict[str, np.ndarray]) -> Self:
        """The engine for the float32 tensors of a model's state_dict, compiled.

        Compiling takes up to a minute the first time; the result is cached on disk (see kernel_cache.py).

        Raises EngineUnavailableError if numba is missing or fails, and NonFiniteError, a ValueError, for weights that
        lead to infinities or NaN.
        """
        _import_kernels()
        try:
            engine = cls(config, tensors)
            engine.open_reader(1).write([0], 1, SampleConfig().seeded(), 0)
        except NonFiniteError:
            raise
        except Exception as error:  # anything that numba or LLVM may raise
            raise EngineUnavailableError(f"numba cannot compile the model ({_text(error)})") from error
        return engine

    @classmethod
    def cached(cls, config: GPTConfig, tensors: dict[str, np.ndarray]) -> Self | None:
        """Like compiled, but None where the model would have to be compiled first."""
        kernel_cache = _import_kernels()
        try:
            with kernel_cache.only_cached():
                return cls.compiled(config, tensors)
        except EngineUnavailableError as error:
            if isinstance(error.__cause__, kernel_cache.NotCachedError):
                return None
            raise

    def open_reader(self, batch: int) -> "NumbaReader":
        """See Engine."""
        check_batch(batch)
        return NumbaReader(self, batch)

    def activations(self, ids: list[int]) -> ActivationCache:
        """See Engine."""
        from tinygpt.engines import kernels, weight_layout

        (ids_N,) = checked_ids(self.config, [ids], batch=1, length=0)
        cache = weight_layout.empty_cache(self.config, recorded=len(ids_N))
        residual_LC = cache.recording.residual_LC
        logits_LV = np.empty((len(residual_LC), self.config.vocab_size + kernels.ROOM), np.float32)
        kernels.read(self.weights, cache, ids_N, 0, logits_LV[-1:])
        check_finite(weight_layout.largest_magnitude(cache))
        kernels.unembed(self.weights, residual_LC, logits_LV)
        keys_LHTD, logits_LV = weight_layout.keys(cache, len(ids_N)), logits_LV[:, : self.config.vocab_size]
        recorded = ActivationCache(cache.recording.queries_LHTD, keys_LHTD, residual_LC, logits_LV)
        for part in recorded:
            check_finite(part)
        return recorded


class NumbaReader:
    """A Reader of a NumbaEngine."""

    def __init__(self, engine: NumbaEngine, batch: int):
        from tinygpt.engines import kernels, weight_layout

        self._engine, self._kernels, self._layout = engine, kernels, weight_layout
        self._caches, self._length = [weight_layout.empty_cache(engine.config) for _ in range(batch)], 0

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """See Reader."""
        config = self._engine.config
        ids_BN = checked_ids(config, rows, batch=len(self._caches), length=self._length)
        logits_BV = np.empty((len(rows), config.vocab_size + self._kernels.ROOM), np.float32)
        for cache, ids_N, logits_V in zip(self._caches, ids_BN, logits_BV, strict=True):
            self._kernels.read(self._engine.weights, cache, ids_N, self._length, logits_V[None])
            check_finite(self._layout.largest_magnitude(cache))
        self._length += ids_BN.shape[1]
        return logits_BV[:, : config.vocab_size]

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """See Reader."""
        config, batch = self._engine.config, len(self._caches)
        check_write(config, count, settings, batch=batch, length=self._length + len(ids))
        (ids_N,) = checked_ids(config, [ids], batch=batch, length=self._length)
        sampled_N, probabilities_N = np.empty(count, np.int64), np.empty(count, np.float32)
        sampling = (
            float(settings.temperature),
            settings.top_k or 0,
            float(settings.top_p or 0),
            np.uint64(settings.seed),
        )
        (cache,), weights, guesses = self._caches, self._engine.weights, self._engine.guesses
        self._kernels.write(weights, cache, guesses, ids_N, self._length, sampled_N, probabilities_N, *sampling, i)
        check_finite(self._layout.largest_magnitude(cache))
        self._length += len(ids) + count - 1
        return sampled_N.tolist(), probabilities_N.tolist()

    def clear(self) -> None:
        """See Reader."""
        self._length = 0

    def select(self, rows: list[int]) -> None:
        """See Reader."""
        check_rows(rows, batch=len(self._caches))
        self._caches = [
            deepcopy(self._caches[row]) if row in rows[:i] else self._caches[row] for i, row in enumerate(rows)
        ]


def _import_kernels() -> ModuleType:
    """Import the functions for numba to compile; return the module of their cache. Raises EngineUnavailableError."""
    try:
        from tinygpt.engines import kernel_cache, kernels  # noqa: F401
    except Exception as error:  # numba checks the versions of its dependencies
        raise EngineUnavailableError(_import_problem(error)) from error
    return kernel_cache


def _import_problem(error: Exception) -> str:
    """Why numba and the functions for it to compile cannot be imported, in a sentence for people."""
    if isinstance(error, ModuleNotFoundError) and error.name in ("numba", "llvmlite"):
        return "numba is not installed"
    return f"numba cannot be imported ({_text(error)})"


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
