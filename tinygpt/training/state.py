"""The training state: what a run saves, beside its published weights, so that resuming it is bit-exact."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Muon, Optimizer
from torch.optim.swa_utils import AveragedModel

from tinygpt.checkpoint.torch_checkpoint import load_tensors, save_tensors
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.fields import FieldError
from tinygpt.training import distributed

STATE = "training_state.safetensors"
_FORMAT = "tinygpt training state 3"  # to be changed with the names of tensors or facts, and when a setting goes


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """What a run starts from: a preset, or the settings of a saved run that is to be resumed."""

    model: GPTConfig
    training: TrainConfig
    preset: str
    source: list[str]  # where the text comes from, as load_dataset takes it
    teachers: Sequence[str] = ()  # folders of checkpoints
    step: int = 0  # the steps that the saved run has made
    precision: torch.dtype | None = None  # None for what the hardware computes fastest
    device: str = "auto"


def saved_run(folder: str | Path) -> RunStart:
    """Return the settings of the run whose training state is in `folder`. Raises as read_state does."""
    _, facts = read_state(folder)
    return RunStart(
        model=GPTConfig(**facts["model"]),
        training=_train_config(facts["training"]),
        preset=facts["preset"],
        source=facts["source"],
        teachers=facts["teachers"],
        step=facts["step"],
        precision=getattr(torch, facts["precision"]),
        device=facts["device"],
    )


def write_state(folder: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write the training state atomically. Raises OSError."""
    facts = {"format": _FORMAT} | facts
    save_tensors(folder / STATE, tensors, facts | {"sha256": _sha256(tensors, facts)})


def read_state(folder: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and facts that write_state wrote.

    Raises FileNotFoundError when there is no state, OSError when it cannot be read, and ValueError for a damaged one
    or one in another format.
    """
    path = Path(folder) / STATE
    remedy = "put a copy of it in its place, or start a new run in another folder"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist, so there is no run to resume: start one, or check the path")
    try:
        tensors, facts = load_tensors(path)
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is damaged (it is not a whole safetensors file): {remedy}") from None
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
        raise ValueError(
            f"{path} is another kind of file, or was written by another version of tinygpt: start a new run in "
            "another folder"
        )
    if facts.pop("sha256", None) != _sha256(tensors, facts):
        raise ValueError(f"{path} is damaged (its sha256 is not the one that was saved): {remedy}")
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


def state_bytes(model: nn.Module, averaged: AveragedModel | None, optimizers: Sequence[Optimizer]) -> int:
    """Return about how many bytes the tensors of state_tensors take once every optimizer has made a step."""
    kept = [*model.state_dict().values(), *(averaged.state_dict().values() if averaged else ())]
    for optimizer in optimizers:
        moments = 1 if isinstance(optimizer, Muon) else 2  # AdamW averages gradients and their squares
        kept += moments * [p for group in optimizer.param_groups for p in group["params"]]
    return sum(tensor.nbytes for tensor in kept)


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


def check_continues(saved: dict[str, Any], current: dict[str, Any], text: str) -> None:
    """Check that a saved run has the same facts as the one that continues it, whose text is called `text`.

    That one may have another number of steps, and skip evaluations. Raises ValueError naming the first difference;
    FieldError when it is in the model's or the training's config.
    """
    if saved["data_sha256"] != current["data_sha256"]:
        problem = f"{text} is not the one that the saved run learns: resume with the same text"
        raise ValueError(f"{problem}, or start a new run in another folder")
    before, training = asdict(_train_config(saved["training"])), current["training"]
    steps = training["max_iters"]
    kept = {"max_iters": before["max_iters"]}
    if training["eval_interval"] % before["eval_interval"] == 0:
        kept["eval_interval"] = before["eval_interval"]
    _check_same(saved | {"training": before}, current | {"training": training | kept})
    if steps != before["max_iters"] and steps <= saved["step"]:
        done = f"the {saved['step']:,} steps that the saved run has made"
        raise FieldError("max_iters", f"must be more than {done}, not {steps:,}")


def _train_config(saved: dict[str, Any]) -> TrainConfig:
    """The settings of a saved run. Those that were unknown to the version that saved it have their defaults.

    Raises ValueError for a setting that only a later version knows.
    """
    if unknown := sorted(saved.keys() - {field.name for field in fields(TrainConfig)}):
        problem = f"the run was saved by a later version of tinygpt, which has the setting {unknown[0]!r}"
        raise ValueError(f"{problem}: resume it with that version, or start a new run in another folder")
    return TrainConfig(**saved)


def _check_same(saved: dict[str, Any], current: dict[str, Any]) -> None:
    for name, value in current.items():
        if isinstance(value, dict):
            for field in value:
                if value[field] != saved[name].get(field):
                    raise FieldError(field, _difference(saved[name].get(field), value[field]))
        elif value != saved.get(name):
            raise ValueError(f"{name} {_difference(saved.get(name), value)}")


def _sha256(tensors: dict[str, Tensor], facts: dict[str, Any]) -> str:
    """The hash of all that a training state holds: a single changed bit would make another run of it."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _difference(saved: object, current: object) -> str:
    return f"was {saved!r} in the saved run and is {current!r} now: resume with what the run was started with"


def _add_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that _add_prefix named, under their first names."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
