"""What makes a training step fast on this hardware: the precision, the compiler, the size of memory pages."""

import logging
import os
from functools import cache

import torch
from torch._functorch import config as functorch

from tinygpt.model.gpt import GPTLanguageModel

_log = logging.getLogger(__name__)


def choose_dtype(device: torch.device) -> torch.dtype:
    """Return the precision to train in: bfloat16 where the hardware computes in it, else float32.

    The answer depends on the hardware alone, so that a command gives the same result on a busy
    machine.
    """
    if device.type == "cuda":
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        supported = device.type == "cpu" and _cpu_multiplies_bfloat16()
    return torch.bfloat16 if supported else torch.float32


def can_compile(device: torch.device) -> bool:
    """Return whether `torch.compile` works here, by trying it: it needs a C++ compiler, or Triton for a GPU.

    If it fails, logs a warning with the reason, once per reason.
    """
    if device.type == "mps":
        return False  # torch.compile for MPS is a prototype
    try:
        torch.compile(lambda x: x + 1)(torch.ones(2, device=device))
    except Exception as error:  # torch's own exceptions, and whatever the compiler that it calls raises
        _warn(" ".join(str(error).split())[:300] or type(error).__name__)
        return False
    return True


def compile_blocks(model: GPTLanguageModel) -> None:
    """Compile a model's blocks, with their backward pass, when they are first called.

    They are alike, so the first one is compiled, in a third of the time that the whole model would take, and the others
    run its code. Nothing is fused across blocks then, which makes a step of the preset `default` 4 % slower than if the
    whole model were compiled. Evaluations of a model without averaged weights run the blocks too, and compile again.

    torch stores masks of bool for the backward pass of ReLU, which on a CPU takes longer than the layer itself. With
    `recompute_views` it computes them again from the layer's output, which is stored anyway.
    """
    functorch.recompute_views = True
    for block in model.blocks:
        block.compile()


def use_large_pages() -> None:
    """Let torch ask Linux for large memory pages. Call it before the first tensor is allocated.

    With the usual small pages, a compiled step spends a tenth of its time on page faults.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


@cache  # once per reason
def _warn(reason: str) -> None:
    _log.warning("Training without torch.compile, which does not work here: %s", reason)


def _cpu_multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16; without them, bfloat16 is emulated, slowly.

    On ARM the answer is no: `bf16` there promises the instructions, but not that torch uses them.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.10 lacks it and trains in float32
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
