"""Saving and loading models: model.safetensors with the weights, config.json with everything else.

Saving is atomic: if it is killed at any moment or the disk is full, the folder still holds a whole checkpoint, the new
one or the one before. Reading is strict, see reading.py.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, numpy
from safetensors.torch import load, save
from torch import Tensor, nn

from tinygpt.checkpoint.facts import FORMAT, check_facts, format_facts
from tinygpt.checkpoint.files import file_size, one_line
from tinygpt.checkpoint.reading import (
    CONFIG,
    NEXT_CONFIG,
    WEIGHTS,
    Checkpoint,
    check_shapes,
    read_checkpoint,
    read_facts,
)
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.model.parameter_shapes import shapes
from tinygpt.model.quantization import fake_quantize
from tinygpt.system.atomic import replace, write_atomically

_MAX_HEADER_BYTES = 100_000_000  # as safetensors has it


def save_checkpoint(
    folder: str | Path,
    model: nn.Module,
    tokenizer: TextEncoderDecoder,
    *,
    quantize: bool = False,
    facts: dict[str, Any] | None = None,
) -> None:
    """Save a model's weights, and a config.json with its architecture, its vocabulary and `facts`.

    Args:
        folder: created if need be; a checkpoint in it is replaced.
        model: a GPTLanguageModel; also one that torch.compile, DistributedDataParallel or AveragedModel wraps.
        quantize: round matrices to values that 8 bits can hold (see model/quantization.py) and save all
            tensors in half precision, which halves the file.
        facts: anything else that config.json is to say, as JSON values.

    Raises ValueError when what would be saved could not be loaded: weights that are not finite in the precision
    in which they are saved, other tensors than those of model.config, another vocabulary, or facts out of their
    bounds; and OSError when the files cannot be written. The checkpoint that was there before is then untouched.
    """
    folder, model = Path(folder), _unwrap(model)
    tensors = {name: _to_save(tensor, quantize) for name, tensor in model.state_dict().items()}
    check_shapes({name: tensor.shape for name, tensor in tensors.items()}, shapes(model.config), "the model")
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite in {tensor.dtype}: nothing was saved")
    # As numpy's arrays, because torch's tensors that share memory, such as tied weights, would be refused.
    weights = numpy.save({name: tensor.numpy() for name, tensor in _contiguous(tensors).items()}, {"facts": "{}"})
    config = (facts or {}) | {
        "format": FORMAT,
        "model": asdict(model.config),
        "vocabulary": tokenizer.vocabulary,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    check_facts(config)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / NEXT_CONFIG).exists():  # left by a crash: it may be the config of the weights that are there
        with suppress(FileNotFoundError, ValueError):
            annotate_checkpoint(folder)
    write_atomically(folder / NEXT_CONFIG, format_facts(config))
    try:
        write_atomically(folder / WEIGHTS, weights)
    except OSError:  # the old weights are still there, and so is their config
        (folder / NEXT_CONFIG).unlink(missing_ok=True)
        raise
    replace(folder / NEXT_CONFIG, folder / CONFIG)


def annotate_checkpoint(folder: str | Path, **facts: Any) -> None:
    """Add facts to the config.json of a saved checkpoint, atomically. Raises as read_facts does, and OSError."""
    write_atomically(Path(folder) / CONFIG, format_facts(read_facts(folder) | facts))


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
    save_safetensors(path, tensors, {"facts": json.dumps(facts)})


def save_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Save tensors and texts that describe them in one safetensors file, atomically. Raises OSError."""
    write_atomically(path, save(_contiguous(tensors), metadata=metadata))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load what save_tensors saved.

    Raises FileNotFoundError, and ValueError for a damaged file or one of another kind; not every damage is noticed.
    """
    size = file_size(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
            header = file.read(min(size, int.from_bytes(start, "little"), _MAX_HEADER_BYTES))
            parsed = json.loads(header)
            facts = json.loads(parsed.pop("__metadata__")["facts"])
            end = max((each["data_offsets"][1] for each in parsed.values()), default=0)
            if size != len(start) + len(header) + end:  # before it is read: what is too much may not fit into memory
                raise ValueError(f"it has {size:,} bytes, not {len(start) + len(header) + end:,}")
            return load(start + header + file.read()), facts
    except (SafetensorError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        problem = f"is not a safetensors file of tinygpt ({one_line(error)})"
        raise ValueError(f"{path} {problem}; download or train it again") from None


def _unwrap(model: nn.Module) -> nn.Module:
    """The model inside the wrappers of torch.compile, DistributedDataParallel and AveragedModel."""
    while inner := getattr(model, "_orig_mod", None) or getattr(model, "module", None):
        model = inner
    return model


def _to_save(tensor: Tensor, quantize: bool) -> Tensor:
    """A tensor as it is saved: on the CPU, in a type that numpy has."""
    tensor = tensor.detach().cpu()
    if tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        tensor = tensor.float()
    if quantize:
        return (torch.from_numpy(fake_quantize(tensor.numpy())) if tensor.ndim == 2 else tensor).half()
    return tensor


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
