"""Data-parallel training: several processes train one model, each on its rows of every batch.

`torchrun` starts the processes and describes each one in its environment. In a process that plain
`python` started, every function here answers as the only process.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tinygpt.fields import FieldError

T = TypeVar("T")


@contextmanager
def process_group(device: torch.device) -> Iterator[torch.device]:
    """Join the other processes of a `torchrun` launch, and leave them at the end of the block.

    Yields the device of this process: with several GPUs, each process gets its own. Raises
    FieldError for a device that cannot be used by several processes, and ValueError when there are
    too few GPUs.
    """
    if not dist.is_torchelastic_launched():
        yield device
        return
    local_processes = int(os.environ["LOCAL_WORLD_SIZE"])
    if device.type not in ("cpu", "cuda"):
        raise FieldError("device", f"must be cpu or cuda to train with several processes, not {device.type}")
    if device.type == "cuda":
        gpus = torch.cuda.device_count()
        if local_processes > gpus:
            raise ValueError(f"{local_processes} processes need a GPU each, but this machine has {gpus}: start fewer")
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def world_size() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0; the first one prints and writes files for all.

    Works before the process group is initialized too.
    """
    if dist.is_initialized():
        return dist.get_rank()
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else 0


def check_batch_size(batch_size: int) -> None:
    """Raise FieldError unless the processes can share a batch of this size evenly."""
    if batch_size % world_size():
        shared = f"must be a multiple of the {world_size()} processes that share it"
        raise FieldError("batch_size", f"{shared}, not {batch_size}")


def local_rows(batch: Tensor) -> Tensor:
    """Return this process's rows of a batch that every process has sampled alike."""
    return batch.chunk(world_size())[rank()]


def data_parallel(model: nn.Module) -> nn.Module:
    """Wrap the model so that `backward` averages its gradients over the processes."""
    return DistributedDataParallel(model) if dist.is_initialized() else model


def mean(values: Tensor) -> Tensor:
    """Average a tensor over the processes, in place; every process gets the same result."""
    if dist.is_initialized():
        dist.all_reduce(values)
        values /= world_size()
    return values


def any_process(flag: bool) -> bool:
    """Return whether the flag is true in at least one process."""
    return bool(mean(torch.tensor(float(flag))) > 0)


def every_process(flag: bool) -> bool:
    """Return whether the flag is true in all processes."""
    return not any_process(not flag)


def in_first_process(work: Callable[[], T]) -> T | None:
    """Call `work` in the first process, while the others wait. Returns its result, in the others None.

    If it raises an exception there, the others raise ChildProcessError, so that none waits for one that has ended.
    """
    result, error = None, None
    if rank() == 0:
        try:
            result = work()
        except Exception as problem:  # raised again below
            error = problem
    if any_process(error is not None):
        raise error or ChildProcessError("the first process of this training failed and says why")
    return result


def gather(values: Tensor) -> list[Tensor]:
    """Return this tensor of every process, in the order of their ranks."""
    if not dist.is_initialized():
        return [values]
    all_values = [torch.empty_like(values) for _ in range(world_size())]
    dist.all_gather(all_values, values)
    return all_values
