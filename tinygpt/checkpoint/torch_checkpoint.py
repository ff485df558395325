"""Saving and loading models: model.safetensors with the weights, config.json with everything else.

Saving is atomic: if it is killed at any moment or the disk is full, the folder still holds a whole checkpoint, the new
one or the one before. Reading is strict, see reading.py.
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

from tinygpt.checkpoint.reading import (
    CONFIG,
    FORMAT,
    NEXT_CONFIG,
    WEIGHTS,
    Checkpoint,
    read_bytes,
    read_checkpoint,
    read_facts,
)
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.model.quantization import fake_quantize


def save_checkpoint(
    folder: str | Path,
    model: GPTLanguageModel,
    tokenizer: TextEncoderDecoder,
    *,
    quantize: bool = False,
    facts: dict[str, Any] | None = None,
) -> None:
    """Save a model's weights, and a config.json with its architecture, its vocabulary and `facts`.

    Args:
        folder: created if need be; a checkpoint in it is replaced.
        quantize: round matrices to values that 8 bits can hold (see model/quantization.py) and save all
            tensors in half precision, which halves the file.
        facts: anything else that config.json is to say, as JSON values.

    Raises ValueError when weights are not finite in the precision in which they are saved, and OSError
    when they cannot be written; the checkpoint that was there before is then untouched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    tensors = {name: tensor.float() if tensor.dtype == torch.bfloat16 else tensor for name, tensor in tensors.items()}
    if quantize:
        tensors = {name: _quantize(tensor) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite in {tensor.dtype}: nothing was saved")
    weights = _serialize(tensors)
    config = {
        "format": FORMAT,
        "model": asdict(model.config),
        "vocabulary": tokenizer.vocabulary,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    if (folder / NEXT_CONFIG).exists():  # left by a crash: it may be the config of the weights that are there
        with suppress(FileNotFoundError, ValueError):
            annotate_checkpoint(folder)
    write_atomically(folder / NEXT_CONFIG, _json(config | (facts or {})))
    write_atomically(folder / WEIGHTS, weights)
    os.replace(folder / NEXT_CONFIG, folder / CONFIG)


def annotate_checkpoint(folder: str | Path, **facts: Any) -> None:
    """Add facts to the config.json of a saved checkpoint, atomically. Raises as read_facts does, and OSError."""
    write_atomically(Path(folder) / CONFIG, _json(read_facts(folder) | facts))


def load_checkpoint(
    folder: str | Path, device: torch.device | str = "cpu"
) -> tuple[GPTLanguageModel, TextEncoderDecoder]:
    """Load a model, in evaluation mode and float32, and its tokenizer. Raises as read_checkpoint does."""
    checkpoint = read_checkpoint(folder)
    return build_model(checkpoint).to(device), TextEncoderDecoder(checkpoint.vocabulary)


def build_model(checkpoint: Checkpoint) -> GPTLanguageModel:
    """Build the model of a checkpoint, on the CPU, in evaluation mode and float32."""
    with torch.random.fork_rng(devices=[]):  # its random initialization must not change the caller's random numbers
        model = GPTLanguageModel(checkpoint.config)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in checkpoint.tensors.items()})
    return model.eval()


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Save tensors and JSON facts in one safetensors file, atomically. Raises OSError."""
    write_atomically(path, _serialize(tensors, facts))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load what save_tensors saved. Raises FileNotFoundError, or ValueError for another kind of file."""
    return _deserialize(read_bytes(path), path)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step: after a crash, and to any reader, it has its old content or its new content.

    Raises OSError, and then the old content stays.
    """
    part = path.with_name(f".{path.name}.part")  # a fixed name, so that the next write replaces what a crash leaves
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _quantize(tensor: Tensor) -> Tensor:
    return (torch.from_numpy(fake_quantize(tensor.numpy())) if tensor.ndim == 2 else tensor).half()


def _serialize(tensors: dict[str, Tensor], facts: dict[str, Any] | None = None) -> bytes:
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(contiguous, metadata={"facts": json.dumps(facts or {})})


def _deserialize(content: bytes, path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return tensors, json.loads(header["__metadata__"]["facts"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a safetensors file of tinygpt ({error}); download or train it again") from None


def _json(config: dict[str, Any]) -> bytes:
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
