"""Reading checkpoints without torch. Every file is checked before it is used, and nothing is ever unpickled."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from tinygpt.checkpoint.facts import parse_facts
from tinygpt.checkpoint.files import file_size, one_line
from tinygpt.config import GPTConfig
from tinygpt.model.parameter_shapes import Shapes, count_parameters, shapes

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
METRICS = "metrics.jsonl"  # the evaluations of the training run; optional
MAX_METRICS_BYTES = 50_000_000  # a larger one is damaged
HISTORY = "history"  # a folder of checkpoints saved during the training run; optional
BEST = "best"  # a folder with the checkpoint of the step with the lowest validation loss; optional
# A save writes the new config under this name before it replaces the weights, and renames it afterwards. After a
# crash in between, the config that counts is the one whose weights_sha256 is the hash of the weights.
NEXT_CONFIG = "config.next.json"

_MAX_HEADER_BYTES = 10_000_000  # of the weights
_IMPOSTORS = {
    b"version https://git-lfs": "is a Git LFS pointer, not the weights: run `git lfs pull`",
    b"<": "is a web page, not weights: download the file again",
    b"PK\x03\x04": "is a pickled PyTorch file, which is never opened: convert it to safetensors where it was made",
    b"\x80": "is a pickle, which is never opened: convert it to safetensors where it was made",
}


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint that passed all checks."""

    config: GPTConfig
    vocabulary: str
    tensors: dict[str, np.ndarray]  # float32, named as in the model's state_dict
    facts: dict[str, Any]  # everything in config.json


def read_checkpoint(folder: str | Path) -> Checkpoint:
    """Read and check the checkpoint in a folder.

    Raises FileNotFoundError when a file is missing, and ValueError, naming the file and the remedy, when
    the files are damaged, do not belong together, or describe no model that can be built.
    """
    facts, weights = _read(Path(folder))
    config, path = GPTConfig.from_json(facts["model"]), Path(folder) / WEIGHTS
    tensors = _deserialize(weights, path)
    check_shapes({name: tensor.shape for name, tensor in tensors.items()}, shapes(config), str(path))
    return Checkpoint(config, facts["vocabulary"], _as_float32(tensors, path), facts)


def checkpoint_damage(folder: str | Path) -> str:
    """Why the checkpoint in a folder cannot be read; "" if it can."""
    try:
        read_checkpoint(folder)
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def read_facts(folder: str | Path) -> dict[str, Any]:
    """Read config.json: model, vocabulary, weights_sha256 and the other facts saved with them.

    Raises FileNotFoundError or ValueError when a file is missing or damaged, or the weights are not those it describes.
    """
    return _read(Path(folder))[0]


def max_weights_bytes(facts: dict[str, Any]) -> int:
    """The size that the weights of a checkpoint with these facts can have: float64 takes most, 8 bytes a number."""
    return 8 * count_parameters(GPTConfig.from_json(facts["model"])) + _MAX_HEADER_BYTES


def check_shapes(actual: Shapes, expected: Shapes, owner: str) -> None:
    """Raise ValueError unless the tensors of `owner` have the names and shapes of a model's parameters."""
    if missing := expected.keys() - actual.keys():
        raise ValueError(f"{owner} lacks {min(missing)} and {len(missing) - 1} other tensors of this architecture")
    if extra := actual.keys() - expected.keys():
        others = f"and {len(extra) - 1} other tensors that this architecture lacks"
        raise ValueError(f"{owner} has {min(extra)!r:.80} {others}")
    for name, shape in actual.items():
        if tuple(shape) != expected[name]:
            raise ValueError(f"{owner}: {name} is of shape {tuple(shape)!s:.80}, not {expected[name]}")


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Read the config and the bytes of the weights, and check that they belong together."""
    path = folder / WEIGHTS
    size = file_size(path)
    for name in [name for name in (CONFIG, NEXT_CONFIG) if (folder / name).exists()] or [CONFIG]:
        facts = parse_facts(folder / name)
        if size <= max_weights_bytes(facts):  # weights that are larger than their model are not even read
            weights = path.read_bytes()
            if facts.get("weights_sha256") == hashlib.sha256(weights).hexdigest():
                return facts, weights
    raise ValueError(f"{path} {_problem(path)}")


def _problem(path: Path) -> str:
    """What is wrong with weights that are not those of their config."""
    with path.open("rb") as file:
        start = file.read(100)
    if start[8:9] != b"{":  # as in safetensors, whose first bytes may be those of a pickle
        for first, problem in _IMPOSTORS.items():
            if start.startswith(first):
                return problem
    return f"is not the file that {CONFIG} describes: download or train it again"


def _as_float32(tensors: dict[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """The tensors in float32. Raises ValueError unless they hold finite floating-point numbers."""
    converted = {}
    for name, tensor in tensors.items():
        if not np.issubdtype(tensor.dtype, np.floating):
            raise ValueError(f"{path}: {name} is {tensor.dtype}: save it as float32 or float16")
        with np.errstate(over="ignore"):
            converted[name] = tensor.astype(np.float32)
        if not np.isfinite(converted[name]).all():
            raise ValueError(f"{path}: {name} holds NaN or infinite numbers; take weights from before training broke")
    return converted


def _deserialize(content: bytes, path: Path) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except KeyError as error:  # a type that numpy lacks
        raise ValueError(f"{path} holds numbers of type {error}: save them as float32 or float16") from None
    except (SafetensorError, ValueError) as error:
        problem = f"is not a safetensors file of tinygpt ({one_line(error)})"
        raise ValueError(f"{path} {problem}; download or train it again") from None
