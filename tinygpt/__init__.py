"""tinygpt: a small Shakespeare GPT to open, share and learn from."""

from importlib import import_module
from typing import Any

__version__ = "1.0.0"

# Where each public name lives. They are imported on first use: torch takes seconds, and not everything needs it.
_MODULES = {
    "DEFAULT_URL": "data.download",
    "PRESETS": "presets",
    "Block": "model.gpt",
    "FeedForward": "model.gpt",
    "GPTConfig": "config",
    "GPTLanguageModel": "model.gpt",
    "Head": "model.attention",
    "MultiHeadAttention": "model.attention",
    "SampleConfig": "config",
    "TextEncoderDecoder": "data.tokenizer",
    "TrainConfig": "config",
    "Trainer": "training.trainer",
    "beam_search": "inference.beam_search",
    "estimate_loss": "training.evaluation",
    "evaluate_full": "training.evaluation",
    "fastest": "engines.selection",
    "find_weights": "hub.pull",
    "get_batch": "data.dataset",
    "load_checkpoint": "hub.loading",
    "load_dataset": "data.dataset",
    "open_checkpoint": "hub.loading",
    "save_checkpoint": "checkpoint.torch_checkpoint",
    "stream": "inference.generation",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"tinygpt.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
