"""The machine that a run is trained on, for the record."""

import platform

import torch

from tinygpt.background import cores
from tinygpt.system.machine import processor


def describe_machine(device: torch.device) -> str:
    """The accelerator if there is one, the processor with its cores, the system, and the version of torch."""
    accelerator = [torch.cuda.get_device_name(device)] if device.type == "cuda" else []
    parts = [*accelerator, processor(), f"{cores()} cores", platform.system(), f"torch {torch.__version__}"]
    return ", ".join(parts)
