"""The kinds of engines that the tests of every engine run through."""

from concurrent.futures import Future
from copy import deepcopy

import numpy as np
import torch

from tinygpt import GPTLanguageModel
from tinygpt.engines.engine import Engine
from tinygpt.engines.handover import HandoverEngine
from tinygpt.engines.numba_engine import NumbaEngine
from tinygpt.engines.selection import as_engine
from tinygpt.model.quantization import fake_quantize

PYTHON = ("torch", "numba", "numba int8", "torch, then numba")
BROWSER = ("browser", "browser int8")  # opened by a fixture
EXACT = (*PYTHON, *BROWSER)  # those that write the same text as the plain loop
KINDS = (*EXACT, "torch bfloat16")
QUESTIONS = 6  # whether the engine of "torch, then numba" has come, until it has


def adapted(kind: str, model: GPTLanguageModel) -> GPTLanguageModel:
    """The model with weights as this kind of engine reads them."""
    if kind.endswith("int8"):
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.data = torch.from_numpy(fake_quantize(parameter.detach().numpy()))
    return model.bfloat16() if kind == "torch bfloat16" else model


def engine_of(kind: str, model: GPTLanguageModel, device: torch.device | str = "cpu") -> Engine:
    """An engine of this kind, one of those in Python, for an adapted model.

    Torch's runs a copy on the device, so that the model itself stays on the processor, as a reference.
    """
    if kind in ("torch", "torch bfloat16"):
        return as_engine(deepcopy(model).to(device))
    engine = NumbaEngine(model.config, tensors(model))
    if kind == "torch, then numba":
        return HandoverEngine(engine_of("torch", model, device), _AfterAWhile(engine))
    return engine


def tensors(model: GPTLanguageModel) -> dict[str, np.ndarray]:
    """The weights as an engine without torch takes them."""
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


class _AfterAWhile(Future):
    """The future of an engine that comes when it has been asked for often enough."""

    def __init__(self, engine: Engine):
        super().__init__()
        self._engine, self._questions = engine, 0

    def done(self) -> bool:
        self._questions += 1
        if self._questions == QUESTIONS:
            self.set_result((self._engine, ""))
        return super().done()
