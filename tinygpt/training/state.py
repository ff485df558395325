"""The training state: what a run saves, beside its published weights, so that resuming it is bit-exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from tinygpt.checkpoint.torch_checkpoint import load_tensors, save_tensors
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.fields import FieldError
from tinygpt.training import distributed

STATE = "training_state.safetensors"
_FORMAT = "tinygpt training state 2"  # to be changed with the names of tensors, facts, or fields of the configs


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """What a run starts from: a preset, or the settings of a saved run that is to be resumed."""

    model: GPTConfig
    training: TrainConfig
    preset: str
    source: list[str]  # where the text comes from, as load_dataset takes it
    teachers: Sequence[str] = ()  # folders of checkpoints
    precision: torch.dtype | None = None  # None for what the hardware computes fastest
    device: str = "auto"


def saved_run(folder: str | Path) -> RunStart:
    """Return the settings of the run whose training state is in `folder`. Raises as read_state does."""
    _, facts = read_state(folder)
    return RunStart(
        model=GPTConfig(**facts["model"]),
        training=TrainConfig(**facts["training"]),
        preset=facts["preset"],
        source=facts["source"],
        teachers=facts["teachers"],
        precision=getattr(torch, facts["precision"]),
        device=facts["device"],
    )


def write_state(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write the training state atomically. Raises OSError."""
    save_tensors(folder / STATE, tensors, {"format": _FORMAT} | facts)


def read_state(folder: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and facts that write_state wrote.

    Raises FileNotFoundError when there is no state, and ValueError for a damaged one or one in another format.
    """
    path = Path(folder) / STATE
    tensors, facts = load_tensors(path)
    if facts.get("format") != _FORMAT:
        raise ValueError(
            f"{path} was written by an earlier version of tinygpt, which this one cannot resume: start a new run"
        )
    return tensors, facts


def state_tensors(
    model: nn.Module, averaged: AveragedModel | None, optimizers: Sequence[Optimizer]
) -> dict[str, Tensor]:
    """Collect every tensor that a training step changes, each under its own name."""
    tensors = _add_prefix("model", model.state_dict())
    if averaged:
        tensors |= _add_prefix("averaged", averaged.state_dict())
    for i, optimizer in enumerate(optimizers):
        for j, values in optimizer.state_dict()["state"].items():
            tensors |= _add_prefix(f"optimizer.{i}.{j}", values)
    return tensors


def load_state_tensors(
    tensors: dict[str, Tensor], model: nn.Module, averaged: AveragedModel | None, optimizers: Sequence[Optimizer]
) -> None:
    """Load what state_tensors collected."""
    model.load_state_dict(_with_prefix("model", tensors))
    if averaged:
        averaged.load_state_dict(_with_prefix("averaged", tensors))
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _with_prefix(f"optimizer.{i}", tensors).items():
            j, name = key.split(".")
            state.setdefault(int(j), {})[name] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def random_states(batches: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    """Collect the states of the random number generators of all processes."""
    states = {"random.batches": batches.get_state()}  # the same in every process, unlike the others
    states |= {f"random.cpu.{i}": state for i, state in enumerate(distributed.gather(torch.get_rng_state()))}
    if (kind := device.type) != "cpu":
        on_device = distributed.gather(getattr(torch, kind).get_rng_state())
        states |= {f"random.{kind}.{i}": state for i, state in enumerate(on_device)}
    return states


def load_random_states(states: dict[str, Tensor], batches: torch.Generator, device: torch.device) -> None:
    """Set the generators of this process to what random_states collected."""
    batches.set_state(states["random.batches"])
    torch.set_rng_state(states[f"random.cpu.{distributed.rank()}"])
    if device.type != "cpu":
        getattr(torch, device.type).set_rng_state(states[f"random.{device.type}.{distributed.rank()}"])


def check_same(saved: dict[str, Any], current: dict[str, Any]) -> None:
    """Check that a saved run has the same facts as the one that is to continue it.

    Raises ValueError naming the first difference; FieldError when it is in the model's or the training's config.
    """
    for name, value in current.items():
        if isinstance(value, dict):
            for field in value:
                if value[field] != saved[name].get(field):
                    raise FieldError(field, _difference(saved[name].get(field), value[field]))
        elif value != saved.get(name):
            raise ValueError(f"{name} {_difference(saved.get(name), value)}")


def _difference(saved: object, current: object) -> str:
    return f"was {saved!r} in the saved run and is {current!r} now: resume with what the run was started with"


def _add_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that _add_prefix named, under their first names."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
