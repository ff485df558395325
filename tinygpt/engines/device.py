"""The device that torch computes on, and the number of CPU cores it uses."""

import torch


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" takes the fastest one. Raises ValueError if it is not available."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device in available if available[device])
    if not available.get(name):
        choices = ", ".join(device for device in available if available[device])
        raise ValueError(f"device {name} is not available here; choose auto or one of: {choices}")
    return torch.device(name)


def use_one_core() -> None:
    """Compute on one core per thread: the products of a single character are too small to share.

    Applies to this thread and to all threads that first use torch afterwards; others keep their number of cores.
    """
    torch.set_num_threads(1)


def leave_one_core(cores: int) -> None:
    """Compute in this thread on all cores but one, if there are several.

    A product that is split over cores waits for the slowest of them. If something else occupies one, each training
    step takes many times as long.
    """
    torch.set_num_threads(max(1, cores - 1))
