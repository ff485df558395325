"""The kinds of engines that the tests of every engine run through."""

import torch

from tinygpt import GPTLanguageModel
from tinygpt.engines.engine import Engine
from tinygpt.engines.numba_engine import NumbaEngine
from tinygpt.engines.selection import as_engine
from tinygpt.model.quantization import fake_quantize

EXACT = ("torch", "numba", "numba int8")  # those that write the same text as the plain loop
KINDS = (*EXACT, "torch bfloat16")


def adapted(kind: str, model: GPTLanguageModel) -> GPTLanguageModel:
    """The model with weights as this kind of engine reads them."""
    if kind == "numba int8":
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.data = torch.from_numpy(fake_quantize(parameter.detach().numpy()))
    return model.bfloat16() if kind == "torch bfloat16" else model


def engine_of(kind: str, model: GPTLanguageModel) -> Engine:
    """An engine of this kind for an adapted model."""
    if kind.startswith("torch"):
        return as_engine(model)
    return NumbaEngine(model.config, {name: tensor.numpy() for name, tensor in model.state_dict().items()})
