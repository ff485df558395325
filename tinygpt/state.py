"""The training state: what a run keeps, apart from its weights, to go on as if it had never stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from tinygpt import parallel
from tinygpt.checkpoint import load_tensors
from tinygpt.config import GPTConfig, TrainConfig

STATE = "training_state.safetensors"


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """What a run starts from: a preset, or the training state of the run to go on with."""

    model: GPTConfig
    recipe: TrainConfig
    preset: str
    source: list[str]  # of the text, as load_dataset takes it
    teachers: Sequence[str] = ()  # folders of checkpoints
    precision: torch.dtype | None = None  # None for the faster one
    device: str = "auto"


def saved_run(folder: Path) -> RunStart:
    """The run whose training state is in `folder`. Raises FileNotFoundError, or ValueError for another file."""
    path = Path(folder) / STATE
    _, facts = load_tensors(path)
    try:
        return RunStart(
            model=GPTConfig(**facts["model"]),
            recipe=TrainConfig(**facts["recipe"]),
            preset=facts["preset"],
            source=facts["source"],
            teachers=facts["teachers"],
            precision=getattr(torch, facts["precision"]),
            device=facts["device"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the training state of a run ({error!r}): start again with --out") from None


def pack(model: nn.Module, averaged: AveragedModel | None, optimizers: Sequence[Optimizer]) -> dict[str, Tensor]:
    """All that changes from step to step, under names of its own."""
    tensors = _under("model", model.state_dict())
    if averaged:
        tensors |= _under("averaged", averaged.state_dict())
    for i, optimizer in enumerate(optimizers):
        for j, values in optimizer.state_dict()["state"].items():
            tensors |= _under(f"optimizer.{i}.{j}", values)
    return tensors


def unpack(
    tensors: dict[str, Tensor], model: nn.Module, averaged: AveragedModel | None, optimizers: Sequence[Optimizer]
) -> None:
    """Put back what `pack` took."""
    model.load_state_dict(_below("model", tensors))
    if averaged:
        averaged.load_state_dict(_below("averaged", tensors))
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(f"optimizer.{i}", tensors).items():
            j, name = key.split(".")
            state.setdefault(int(j), {})[name] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def random_states(batches: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    """Where the random numbers of each process stand."""
    states = {"random.batches": batches.get_state()}  # the same in every process; the others are not
    states |= {f"random.cpu.{i}": state for i, state in enumerate(parallel.gathered(torch.get_rng_state()))}
    if (kind := device.type) != "cpu":
        here = parallel.gathered(getattr(torch, kind).get_rng_state())
        states |= {f"random.{kind}.{i}": state for i, state in enumerate(here)}
    return states


def set_random_states(states: dict[str, Tensor], batches: torch.Generator, device: torch.device) -> None:
    """Put this process's random numbers where random_states found them."""
    batches.set_state(states["random.batches"])
    torch.set_rng_state(states[f"random.cpu.{parallel.rank()}"])
    if device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states[f"random.{device.type}.{parallel.rank()}"])


def check_same(name: str, saved: object, now: object) -> None:
    """Raise ValueError naming what differs between a saved run and the one that is to continue it."""
    if isinstance(saved, dict) and isinstance(now, dict):
        for key in saved.keys() | now.keys():
            check_same(f"{name}'s {key}", saved.get(key), now.get(key))
    elif saved != now:
        raise ValueError(f"the saved run differs in {name}: {saved!r} there, {now!r} now; resume with what it had")


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What _under put there."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
