"""What to compute on, and in which precision."""

import os
import time

import torch


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, or the fastest there is. Raises ValueError when it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, found in there.items() if found)
    if not there.get(name):
        found = ", ".join(device for device in there if there[device])
        raise ValueError(f"device {name} is not available here; choose auto or one of: {found}")
    return torch.device(name)


def one_core_a_stream() -> None:
    """Compute on one core a text: the products of one character are too small to share, and others wait."""
    torch.set_num_threads(1)


def leave_a_core(cores: int) -> None:
    """Compute in this thread on all of the cores but one, where there are several.

    Products that are shared wait for the slowest core: with something else on one of them, each step
    of training takes many times as long.
    """
    torch.set_num_threads(max(1, cores - 1))


def choose_dtype(device: torch.device) -> torch.dtype:
    """The precision to train in: bfloat16 where the hardware has it and it is faster, else float32.

    A processor without such units imitates bfloat16, slowly, and none says so by a flag that torch
    passes on. So it is tried: one product of the size training is full of.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu":
        return min((torch.float32, torch.bfloat16), key=_seconds)
    return torch.float32


def use_large_pages() -> None:
    """Let torch ask Linux for large pages of memory, before the first tensor is made.

    With small ones, a compiled step spends a tenth of its time on page faults.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def can_compile(device: torch.device) -> bool:
    """Whether torch.compile works here. It wants a C++ compiler, or Triton for a GPU; so it is tried."""
    if device.type == "mps":
        return False  # what torch has there is a prototype
    try:
        torch.compile(lambda x: x + 1)(torch.ones(2, device=device))
    except Exception:  # torch's own kinds, and whatever the compiler it calls ends with
        return False
    return True


def _seconds(dtype: torch.dtype) -> float:
    a, b = torch.ones(2048, 192, dtype=dtype), torch.ones(192, 512, dtype=dtype)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return best
