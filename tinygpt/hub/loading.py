"""Opening checkpoints by name: a local folder, or a model on the Hub.

Torch is imported only where it is needed, and huggingface_hub only for what is not a local folder.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.hub.pull import find_weights
from tinygpt.inference import loading

if TYPE_CHECKING:
    from tinygpt.model.gpt import GPTLanguageModel


def load_checkpoint(source: str | Path, device: Any = "cpu") -> "tuple[GPTLanguageModel, TextEncoderDecoder]":
    """Load a model onto a device of torch, in evaluation mode and float32, and its tokenizer.

    `source` is a local folder, or a model on the Hub as `user/name` or `user/name@revision`, which is downloaded and
    cached. Raises as find_weights does, and ValueError, naming the file and the remedy, when files are damaged.
    """
    from tinygpt.checkpoint import torch_checkpoint

    return torch_checkpoint.load_checkpoint(find_weights(source), device)


def open_checkpoint(
    source: str | Path, device: str = "auto", *, at_once: bool = False
) -> tuple[Engine, TextEncoderDecoder]:
    """Open a checkpoint in the fastest engine that can run it here, and return it with its tokenizer.

    `source` is what load_checkpoint takes. On the first start on a machine, the engine is compiled, which takes up to a
    minute; with `at_once`, torch writes meanwhile. Raises as load_checkpoint does, and ValueError for a device that is
    not available.
    """
    return loading.open_checkpoint(find_weights(source), device, at_once=at_once)
