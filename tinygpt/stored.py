"""A checkpoint's files as they are read: strictly, whole, without torch, and never unpickled."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from tinygpt.config import GPTConfig
from tinygpt.shapes import Shapes, shapes

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
METRICS = "metrics.jsonl"  # the run's evaluations; not needed to write
HISTORY = "history"  # a folder with checkpoints of the run's course; not needed either
# The new config waits under this name while the weights are replaced: whichever of the two
# configs names the sha256 of the weights that are there is the one that counts.
NEXT_CONFIG = "config.next.json"
FORMAT = "tinygpt 1"

_MAX_CONFIG_BYTES = 10_000_000
# Facts that others read: each may be missing, none may be of another kind.
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
    "left_out": int,
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
class Stored:
    """A checkpoint that was found to be in order."""

    config: GPTConfig
    vocabulary: str
    tensors: dict[str, np.ndarray]  # float32, under the names of the model's state_dict
    facts: dict[str, Any]  # everything that config.json says


def read_stored(folder: str | Path) -> Stored:
    """What is in a checkpoint's folder.

    Raises FileNotFoundError when there is none, and ValueError, with the file and the remedy, for
    anything that is not exactly what was saved.
    """
    facts, weights = _read(Path(folder))
    config, vocabulary = _checked(facts, Path(folder) / CONFIG)
    path = Path(folder) / WEIGHTS
    tensors = _checked_tensors(_unpacked(weights, path), shapes(config), path)
    return Stored(config, vocabulary, tensors, facts)


def read_facts(folder: str | Path) -> dict[str, Any]:
    """Everything config.json says: model, vocabulary, weights_sha256 and the facts saved with them."""
    return _read(Path(folder))[0]


def read_bytes(path: Path) -> bytes:
    """A file whole, never mapped: replacing it under a running program then does no harm."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} does not exist: train it with `python train.py`, or check the path") from None


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    """config.json, and the bytes of the weights it belongs to."""
    weights = read_bytes(folder / WEIGHTS)
    sha256 = hashlib.sha256(weights).hexdigest()
    there = [folder / name for name in (CONFIG, NEXT_CONFIG) if (folder / name).exists()]
    for path in there or [folder / CONFIG]:
        config = _parsed(path)
        if config.get("weights_sha256") == sha256:
            return config, weights
    problem = f"is not the file that {CONFIG} describes (its sha256 is {sha256}): download or train it again"
    problem = next((known for start, known in _IMPOSTORS.items() if weights.startswith(start)), problem)
    raise ValueError(f"{folder / WEIGHTS} {problem}")


def _parsed(path: Path) -> dict[str, Any]:
    content = read_bytes(path)
    if len(content) > _MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is too large for a config ({len(content):,} bytes)")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): download or train it again") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f'{path} is not the config of a tinygpt checkpoint: it lacks "format": "{FORMAT}"')
    for name, kind in _FACTS.items():
        if name in config and (not isinstance(config[name], kind) or isinstance(config[name], bool)):
            raise ValueError(f"{path}: {name} cannot be {config[name]!r:.80}")
    return config


def _checked(config: dict[str, Any], path: Path) -> tuple[GPTConfig, str]:
    """The model's shape and vocabulary, once they have been found to make sense."""
    shape, vocabulary = config.get("model"), config.get("vocabulary")
    try:
        model = GPTConfig(**shape)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} describes no model that can be built: {error}") from None
    if (
        not isinstance(vocabulary, str)
        or len(vocabulary) != model.vocab_size
        or list(vocabulary) != sorted(set(vocabulary))
    ):
        raise ValueError(f"{path} needs a vocabulary of {model.vocab_size} different characters in order")
    return model, vocabulary


def _checked_tensors(tensors: dict[str, np.ndarray], expected: Shapes, path: Path) -> dict[str, np.ndarray]:
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


def _unpacked(content: bytes, path: Path) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except KeyError as error:  # numpy has no such numbers
        raise ValueError(f"{path} holds numbers of type {error}: save them as float32 or float16") from None
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file of tinygpt ({error}); download or train it again") from None
