"""Reading checkpoints without torch. Every file is checked before it is used, and nothing is ever unpickled."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from tinygpt.config import GPTConfig
from tinygpt.model.parameter_shapes import Shapes, shapes

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
METRICS = "metrics.jsonl"  # the evaluations of the training run; optional
HISTORY = "history"  # a folder of checkpoints saved during the training run; optional
# A save writes the new config under this name before it replaces the weights, and renames it afterwards. After a
# crash in between, the config that counts is the one whose weights_sha256 is the hash of the weights.
NEXT_CONFIG = "config.next.json"
FORMAT = "tinygpt 2"

# Names that changed since the format "tinygpt 1": old name -> new name.
_FORMAT_1 = "tinygpt 1"
_FORMAT_1_FACTS = {"left_out": "removed"}
_FORMAT_1_TRAINING = {
    "muon_steps": "ns_steps",
    "decay_share": "decay_fraction",
    "final_share": "min_lr_ratio",
    "average_decay": "ema_decay",
    "teacher_share": "distill_weight",
}

_MAX_CONFIG_BYTES = 10_000_000
# The types of the facts in config.json that the rest of the package reads. Each may be missing.
_FACTS = {
    "preset": str,
    "publish": str,
    "steps": int,
    "seconds": int | float,
    "training": dict,
    "precision": str,
    "device": str,
    "data_sha256": str,
    "teachers_sha256": list,
    "removed": int,
    "weights_sha256": str,
    "validation_loss": int | float,
    "validation_block_size": int,
}
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
    config, vocabulary = _check_config(facts, Path(folder) / CONFIG)
    path = Path(folder) / WEIGHTS
    tensors = _check_tensors(_deserialize(weights, path), shapes(config), path)
    return Checkpoint(config, vocabulary, tensors, facts)


def read_facts(folder: str | Path) -> dict[str, Any]:
    """Read config.json: model, vocabulary, weights_sha256 and the other facts saved with them.

    Raises FileNotFoundError or ValueError when a file is missing, or the weights are not those it describes.
    """
    return _read(Path(folder))[0]


def read_bytes(path: Path) -> bytes:
    """Read a whole file. It is not memory-mapped, so that replacing it does no harm to a running program.

    Raises FileNotFoundError with the next step.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} does not exist: train it with `python train.py`, or check the path") from None


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Read the config and the bytes of the weights, and check that they belong together."""
    weights = read_bytes(folder / WEIGHTS)
    sha256 = hashlib.sha256(weights).hexdigest()
    existing = [folder / name for name in (CONFIG, NEXT_CONFIG) if (folder / name).exists()]
    for path in existing or [folder / CONFIG]:
        config = _parse_config(path)
        if config.get("weights_sha256") == sha256:
            return config, weights
    problem = f"is not the file that {CONFIG} describes (its sha256 is {sha256}): download or train it again"
    problem = next((known for start, known in _IMPOSTORS.items() if weights.startswith(start)), problem)
    raise ValueError(f"{folder / WEIGHTS} {problem}")


def _parse_config(path: Path) -> dict[str, Any]:
    """Parse a config file of the current format or of "tinygpt 1", and check the types of its facts."""
    content = read_bytes(path)
    if len(content) > _MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is too large for a config ({len(content):,} bytes)")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): download or train it again") from None
    if isinstance(config, dict) and config.get("format") == _FORMAT_1:
        config = _from_format_1(config)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f'{path} is not the config of a tinygpt checkpoint: it lacks "format": "{FORMAT}"')
    for name, kind in _FACTS.items():
        if name in config and not _is_fact(config[name], kind):
            raise ValueError(f"{path}: {name} cannot be {config[name]!r:.80}")
    return config


def _is_fact(value: Any, kind: Any) -> bool:
    """Whether a value has a fact's type. A text must be printable: pages and model cards show it in their sentences."""
    printable = not isinstance(value, str) or value.isprintable()
    return isinstance(value, kind) and not isinstance(value, bool) and printable


def _from_format_1(config: dict[str, Any]) -> dict[str, Any]:
    """Convert a config of the format "tinygpt 1" to the current one."""
    training = config.get("training")
    if isinstance(training, dict):
        config = config | {"training": _rename(training, _FORMAT_1_TRAINING)}
    return _rename(config, _FORMAT_1_FACTS) | {"format": FORMAT}


def _rename(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}


def _check_config(facts: dict[str, Any], path: Path) -> tuple[GPTConfig, str]:
    """Return the model's config and the vocabulary. Raises ValueError unless they fit together."""
    model, vocabulary = facts.get("model"), facts.get("vocabulary")
    try:
        config = GPTConfig(**model)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} describes no model that can be built: {error}") from None
    if (
        not isinstance(vocabulary, str)
        or len(vocabulary) != config.vocab_size
        or list(vocabulary) != sorted(set(vocabulary))
    ):
        raise ValueError(f"{path} needs a vocabulary of {config.vocab_size} different characters in order")
    return config, vocabulary


def _check_tensors(tensors: dict[str, np.ndarray], expected: Shapes, path: Path) -> dict[str, np.ndarray]:
    """Return the tensors in float32. Raises ValueError unless names, shapes and values are those of a model."""
    if missing := expected.keys() - tensors.keys():
        raise ValueError(f"{path} lacks {min(missing)} and {len(missing) - 1} other tensors of this architecture")
    if extra := tensors.keys() - expected.keys():
        raise ValueError(f"{path} has {min(extra)} and {len(extra) - 1} other tensors that this architecture lacks")
    checked = {}
    for name, tensor in tensors.items():
        if tensor.shape != expected[name] or not np.issubdtype(tensor.dtype, np.floating):
            raise ValueError(
                f"{path}: {name} is {tensor.dtype} of shape {tensor.shape}, "
                f"not floating point of shape {expected[name]}"
            )
        with np.errstate(over="ignore"):
            checked[name] = tensor.astype(np.float32)
        if not np.isfinite(checked[name]).all():
            raise ValueError(f"{path}: {name} holds NaN or infinite numbers; take weights from before training broke")
    return checked


def _deserialize(content: bytes, path: Path) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except KeyError as error:  # a type that numpy lacks
        raise ValueError(f"{path} holds numbers of type {error}: save them as float32 or float16") from None
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file of tinygpt ({error}); download or train it again") from None
