"""Several processes that train one model together, each on its share of every batch.

torchrun starts them, and tells each by its environment which of them it is. Alone, as python
starts it, a process is the first of one, and nothing here does anything.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@contextmanager
def joined(device: torch.device) -> Iterator[torch.device]:
    """Together with the others, if torchrun started this process, on the device that is this one's.

    Raises ValueError where several processes cannot compute on such devices.
    """
    if not dist.is_torchelastic_launched():
        yield device
        return
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"several processes cannot train on {device.type}: add --device cpu")
    if device.type == "cuda":
        if here > torch.cuda.device_count():
            raise ValueError(f"{here} processes need a GPU each and there are {torch.cuda.device_count()}: start fewer")
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def processes() -> int:
    """How many train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0, joined or not yet. The first one speaks and writes for all."""
    if dist.is_initialized():
        return dist.get_rank()
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else 0


def own_rows(x_BT: Tensor) -> Tensor:
    """This process's rows of a batch that all of them drew alike."""
    return x_BT.chunk(processes())[rank()]


def distributed(model: nn.Module) -> nn.Module:
    """The model, its gradients averaged over the processes: those of the joined batch."""
    return DistributedDataParallel(model) if dist.is_initialized() else model


def mean(values: Tensor) -> Tensor:
    """The mean of these numbers over the processes, the same in each."""
    if dist.is_initialized():
        dist.all_reduce(values)
        values /= processes()
    return values


def any_of(flag: bool) -> bool:
    """Whether any of the processes says so."""
    return bool(mean(torch.tensor(float(flag))) > 0)


def gathered(values: Tensor) -> list[Tensor]:
    """These values of each process, in order."""
    if not dist.is_initialized():
        return [values]
    all_values = [torch.empty_like(values) for _ in range(processes())]
    dist.all_gather(all_values, values)
    return all_values
