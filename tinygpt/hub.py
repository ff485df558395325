"""Weights on the Hugging Face Hub: push, pull, and the card that introduces them."""

from pathlib import Path


def find_weights(source: str) -> Path:
    """The folder of a checkpoint."""
    return Path(source)
