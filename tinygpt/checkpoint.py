"""Weights on disk: model.safetensors beside a config.json that says everything about them.

Reading is strict and never unpickles. Writing is atomic: killed at any moment, or on a full
disk, the checkpoint that was there before still loads.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from tinygpt.config import GPTConfig
from tinygpt.eight_bits import rounded
from tinygpt.model import GPTLanguageModel
from tinygpt.tokenizer import TextEncoderDecoder

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
# The new config waits under this name while the weights are replaced: whichever of the two
# configs names the sha256 of the weights that are there is the one that counts.
NEXT_CONFIG = "config.next.json"

_FORMAT = "tinygpt 1"
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


def save_checkpoint(
    folder: str | Path,
    model: GPTLanguageModel,
    tokenizer: TextEncoderDecoder,
    *,
    eight_bits: bool = False,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write the weights, and a config.json with the architecture, the vocabulary and `facts`.

    With `eight_bits`, matrices are rounded to what 8 bits can hold (see eight_bits.py) and
    everything is stored in half precision, which halves the file.

    Raises ValueError for weights that are not finite numbers as they are stored, and OSError when
    they cannot be written; what was there before is then untouched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    if eight_bits:
        tensors = {name: (rounded(t) if t.ndim == 2 else t).half() for name, t in tensors.items()}
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite in {tensor.dtype}: nothing was saved")
    weights = _packed(tensors)
    config = {
        "format": _FORMAT,
        "model": asdict(model.config),
        "vocabulary": tokenizer.vocabulary,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    if (folder / NEXT_CONFIG).exists():  # a crash left it: it may be the config that counts until now
        with suppress(FileNotFoundError, ValueError):
            annotate_checkpoint(folder)
    write_atomically(folder / NEXT_CONFIG, _json(config | (facts or {})))
    write_atomically(folder / WEIGHTS, weights)
    os.replace(folder / NEXT_CONFIG, folder / CONFIG)


def annotate_checkpoint(folder: str | Path, **facts: Any) -> None:
    """Add facts to the config.json of a saved checkpoint."""
    config, _ = _read(Path(folder))
    write_atomically(Path(folder) / CONFIG, _json(config | facts))


def load_checkpoint(
    folder: str | Path, device: torch.device | str = "cpu"
) -> tuple[GPTLanguageModel, TextEncoderDecoder]:
    """The model, in evaluation mode and float32, and its tokenizer.

    Raises FileNotFoundError when there is none, and ValueError, with the file and the remedy, for
    anything that is not exactly what was saved.
    """
    config, weights = _read(Path(folder))
    path = Path(folder) / WEIGHTS
    shape, vocabulary = _checked(config, Path(folder) / CONFIG)
    tensors, _ = _unpacked(weights, path)
    held = sum(tensor.numel() for tensor in tensors.values())
    if held < shape.parameters_at_least:  # checked first: a config that lies takes no memory
        raise ValueError(
            f"{path} holds {held:,} numbers, and the model that {CONFIG} describes lacks at least "
            f"{shape.parameters_at_least - held:,} more; download or train both again"
        )
    with torch.random.fork_rng(devices=[]):  # its first random weights are not to be felt elsewhere
        model = GPTLanguageModel(shape)
    _check_tensors(tensors, model.state_dict(), path)
    model.load_state_dict(tensors)
    return model.to(device).eval(), TextEncoderDecoder(vocabulary)


def read_facts(folder: str | Path) -> dict[str, Any]:
    """Everything config.json says: model, vocabulary, weights_sha256 and the facts saved with them."""
    return _read(Path(folder))[0]


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write any tensors and JSON facts as one file, atomically. Raises OSError."""
    write_atomically(path, _packed(tensors, facts))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What save_tensors wrote. Raises FileNotFoundError, or ValueError for another kind of file."""
    return _unpacked(_bytes(path), path)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file's content in one step: a reader or a crash sees all of the old or all of the new."""
    part = path.with_name(f".{path.name}.part")  # a fixed name: what a crash leaves is overwritten
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    """config.json, and the bytes of the weights it belongs to."""
    weights = _bytes(folder / WEIGHTS)
    sha256 = hashlib.sha256(weights).hexdigest()
    there = [folder / name for name in (CONFIG, NEXT_CONFIG) if (folder / name).exists()]
    for path in there or [folder / CONFIG]:
        config = _parsed(path)
        if config.get("weights_sha256") == sha256:
            return config, weights
    problem = f"is not the file that {CONFIG} describes (its sha256 is {sha256}): download or train it again"
    problem = next((known for start, known in _IMPOSTORS.items() if weights.startswith(start)), problem)
    raise ValueError(f"{folder / WEIGHTS} {problem}")


def _bytes(path: Path) -> bytes:
    # Read whole, never mapped: replacing the file under a running program then does no harm.
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} does not exist: train it with `python train.py`, or check the path") from None


def _parsed(path: Path) -> dict[str, Any]:
    content = _bytes(path)
    if len(content) > _MAX_CONFIG_BYTES:
        raise ValueError(f"{path} is too large for a config ({len(content):,} bytes)")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): download or train it again") from None
    if not isinstance(config, dict) or config.get("format") != _FORMAT:
        raise ValueError(f'{path} is not the config of a tinygpt checkpoint: it lacks "format": "{_FORMAT}"')
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


def _check_tensors(tensors: dict[str, Tensor], expected: dict[str, Tensor], path: Path) -> None:
    if missing := expected.keys() - tensors.keys():
        raise ValueError(f"{path} lacks {min(missing)} and {len(missing) - 1} other tensors of this architecture")
    if extra := tensors.keys() - expected.keys():
        raise ValueError(f"{path} has {min(extra)} and {len(extra) - 1} other tensors that this architecture lacks")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape or not tensor.is_floating_point():
            raise ValueError(
                f"{path}: {name} is {tensor.dtype} of shape {tuple(tensor.shape)}, "
                f"not floating point of shape {tuple(expected[name].shape)}"
            )
        if not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} holds NaN or infinite numbers; take weights from before training broke")


def _packed(tensors: dict[str, Tensor], facts: dict[str, Any] | None = None) -> bytes:
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(contiguous, metadata={"facts": json.dumps(facts or {})})


def _unpacked(content: bytes, path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return tensors, json.loads(header["__metadata__"]["facts"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a safetensors file of tinygpt ({error}); download or train it again") from None


def _json(config: dict[str, Any]) -> bytes:
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
