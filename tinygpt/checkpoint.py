"""Models on disk: model.safetensors beside a config.json that says everything about it.

Reading is strict (see stored.py). Writing is atomic: killed at any moment, or on a full disk, the
checkpoint that was there before still loads.
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

from tinygpt.eight_bits import rounded
from tinygpt.evaluation import FullLoss, evaluate_full
from tinygpt.model import GPTLanguageModel
from tinygpt.stored import CONFIG, FORMAT, NEXT_CONFIG, WEIGHTS, Stored, read_bytes, read_facts, read_stored
from tinygpt.tokenizer import TextEncoderDecoder


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
    tensors = {name: tensor.float() if tensor.dtype == torch.bfloat16 else tensor for name, tensor in tensors.items()}
    if eight_bits:
        tensors = {name: _in_eight_bits(tensor) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite in {tensor.dtype}: nothing was saved")
    weights = _packed(tensors)
    config = {
        "format": FORMAT,
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
    write_atomically(Path(folder) / CONFIG, _json(read_facts(folder) | facts))


def measure_checkpoint(folder: str | Path, data: Tensor, device: torch.device | str = "cpu") -> FullLoss:
    """The published loss on a validation split of what lies in a folder, noted in its config.json too.

    Raises as read_stored does, and ValueError as evaluate_full does.
    """
    full = evaluate_full(load_checkpoint(folder, device)[0], data)
    annotate_checkpoint(folder, validation_loss=full.nats, validation_block_size=full.block_size)
    return full


def load_checkpoint(
    folder: str | Path, device: torch.device | str = "cpu"
) -> tuple[GPTLanguageModel, TextEncoderDecoder]:
    """The model, in evaluation mode and float32, and its tokenizer. Raises as read_stored does."""
    stored = read_stored(folder)
    return build_model(stored).to(device), TextEncoderDecoder(stored.vocabulary)


def build_model(stored: Stored) -> GPTLanguageModel:
    """The model that was stored, in evaluation mode and float32."""
    with torch.random.fork_rng(devices=[]):  # its first random weights are not to be felt elsewhere
        model = GPTLanguageModel(stored.config)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in stored.tensors.items()})
    return model.eval()


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write any tensors and JSON facts as one file, atomically. Raises OSError."""
    write_atomically(path, _packed(tensors, facts))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What save_tensors wrote. Raises FileNotFoundError, or ValueError for another kind of file."""
    return _unpacked(read_bytes(path), path)


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


def _in_eight_bits(tensor: Tensor) -> Tensor:
    return (torch.from_numpy(rounded(tensor.numpy())) if tensor.ndim == 2 else tensor).half()


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
