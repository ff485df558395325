"""tinygpt: a small Shakespeare GPT to open, share and learn from."""

from importlib import import_module
from typing import Any

# Where each public name lives. They are fetched when asked for: torch takes seconds, and not everything needs it.
_HOMES = {
    "DEFAULT_URL": "download",
    "PRESETS": "config",
    "Block": "model",
    "FeedForward": "model",
    "GPTConfig": "config",
    "GPTLanguageModel": "model",
    "Head": "attention",
    "MultiHeadAttention": "attention",
    "SampleConfig": "config",
    "TextEncoderDecoder": "tokenizer",
    "TrainConfig": "config",
    "Trainer": "training",
    "beam_search": "beam",
    "estimate_loss": "evaluation",
    "evaluate_full": "evaluation",
    "fastest": "compiled",
    "get_batch": "data",
    "load_checkpoint": "checkpoint",
    "load_dataset": "data",
    "open_checkpoint": "opening",
    "save_checkpoint": "checkpoint",
    "stream": "generation",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"tinygpt.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
