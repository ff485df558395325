"""The cache of compiled machine code on disk: numba's, made such that its faults cost time and nothing else.

Numba by itself fails when the cache is damaged or cannot be written, and crashes when damaged machine code runs.
"""

import hashlib
import logging
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache, UserWideCacheLocator
from numba.core.serialize import dumps

_log = logging.getLogger(__name__)
_warned: set[str] = set()
_may_compile = ContextVar("_may_compile", default=True)  # in each thread


class NotCachedError(Exception):
    """A function would have to be compiled."""


@contextmanager
def only_cached() -> Iterator[None]:
    """In the block, in this thread, a function whose machine code is not cached raises NotCachedError when called."""
    token = _may_compile.set(False)
    try:
        yield
    finally:
        _may_compile.reset(token)


def cached_njit(**options: Any) -> Callable[[Callable], Callable]:
    """Return a decorator like numba.njit(cache=True, **options), for functions that never fail because of the cache.

    Where machine code cannot be loaded it is compiled anew, and where it cannot be saved it is compiled in each
    process. A warning says so, once per process.
    """

    def decorate(function: Callable) -> Callable:
        dispatcher = njit(**options)(function)
        try:
            dispatcher._cache = _KernelCache(function)
        except RuntimeError as error:  # numba finds no folder that it can write to
            dispatcher._cache = _NoCache()
            _warn_unsaved(error)
        return dispatcher

    return decorate


class _VerifiedCode(CompileResultCacheImpl):
    """Machine code, saved with its hash."""

    if os.path.expanduser("~") == "~":  # without a home, numba would make a folder of that name
        _locator_classes = [each for each in CompileResultCacheImpl._locator_classes if each != UserWideCacheLocator]

    def reduce(self, cres: Any) -> tuple[bytes, bytes]:
        content = dumps(super().reduce(cres))
        return hashlib.sha256(content).digest(), content

    def rebuild(self, target_context: Any, payload: tuple[bytes, bytes]) -> Any:
        digest, content = payload
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("its hash is another")
        return super().rebuild(target_context, pickle.loads(content))


class _KernelCache(FunctionCache):
    """The cache of one function. See cached_njit."""

    _impl_class = _VerifiedCode

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        code = None
        try:
            code = super().load_overload(sig, target_context)
        except Exception as error:  # whatever damaged files lead to, or that this user may not read them
            _warn(f"Compiling again, for up to a minute: the machine code in {self.cache_path} cannot be loaded", error)
            with suppress(OSError):
                self.flush()
        return code or _missing()

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # a full disk, or an index that cannot be replaced
            _warn_unsaved(error)


class _NoCache(NullCache):
    """Stands for the cache of a function where there is no folder for it."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        return _missing()


def _missing() -> None:
    """Raise NotCachedError where nothing may be compiled."""
    if not _may_compile.get():
        raise NotCachedError


def _warn_unsaved(error: Exception) -> None:
    _warn("Machine code cannot be saved, so each start takes up to a minute: set NUMBA_CACHE_DIR to a folder", error)


def _warn(problem: str, error: Exception) -> None:
    if problem not in _warned:
        _warned.add(problem)
        _log.warning("%s (%s: %.200s)", problem, type(error).__name__, error)
