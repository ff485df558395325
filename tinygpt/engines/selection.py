"""The choice of an engine for a model: the fastest one that can run it here."""

import logging
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tinygpt.config import GPTConfig
from tinygpt.engines.engine import Engine, EngineUnavailableError
from tinygpt.engines.numba_engine import NumbaEngine

if TYPE_CHECKING:
    from tinygpt.model.gpt import GPTLanguageModel

_log = logging.getLogger(__name__)


def fastest(model: "GPTLanguageModel") -> Engine:
    """The fastest engine for a model: numba for float32 weights on the CPU, otherwise torch.

    Both write the same text, unless a uniform number falls within rounding of the border between two characters. The
    engine may hold a copy of the weights: call this again whenever they have changed.

    Raises NonFiniteError, a ValueError, for weights that lead to infinities or NaN.
    """
    tensors = model.state_dict()
    if any(tensor.device.type != "cpu" for tensor in tensors.values()):
        return as_engine(model)
    if dtypes := {str(tensor.dtype) for tensor in tensors.values()} - {"torch.float32"}:
        return as_engine(model, _warned(f"numba needs weights in torch.float32, not in {min(dtypes)}"))
    engine, reason = numba_engine(model.config, {name: tensor.numpy() for name, tensor in tensors.items()})
    return engine or as_engine(model, reason)


def as_engine(model: "GPTLanguageModel | Engine", slower_because: str = "") -> Engine:
    """The model itself if it is an engine already, otherwise a TorchEngine that runs it."""
    if hasattr(model, "open_reader"):
        return model
    from tinygpt.engines.torch_engine import TorchEngine  # torch is slow to import

    return TorchEngine(model, slower_because)


def numba_engine(
    config: GPTConfig, tensors: dict[str, np.ndarray], *, only_cached: bool = False
) -> tuple[NumbaEngine | None, str]:
    """The numba engine for the float32 tensors of a model's state_dict; if it cannot run, None and the reason.

    With `only_cached`, None and "" where it would have to be compiled first. Logs a warning with the reason, once per
    reason.

    Raises NonFiniteError, a ValueError, for weights that lead to infinities or NaN.
    """
    try:
        return (NumbaEngine.cached if only_cached else NumbaEngine.compiled)(config, tensors), ""
    except EngineUnavailableError as error:
        return None, _warned(str(error))


@cache
def _warned(reason: str) -> str:
    _log.warning("Using torch, which is slower than numba: %s", reason)
    return reason
