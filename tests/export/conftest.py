"""Checkpoints for the tests of exports."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, save_checkpoint

TEXT = "\x00\n !é中😀abc\u0301…"  # what own texts may hold: NUL, accents of both kinds, and characters of several bytes


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., tuple[Path, GPTLanguageModel, TextEncoderDecoder]]:
    """save(family, text, ...) saves a tiny model with random weights; returns its folder, the model, the tokenizer."""

    def make(family: str, text: str = TEXT, **changes) -> tuple[Path, GPTLanguageModel, TextEncoderDecoder]:
        tokenizer = TextEncoderDecoder(text)
        sizes = {"block_size": 12, "n_layer": 2, "n_head": 2, "n_embd": 24, "dropout": 0.1} | changes
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = GPTLanguageModel(GPTConfig(family=family, vocab_size=tokenizer.vocab_size, **sizes)).eval()
            for parameter in model.parameters():  # norms and biases, too, which begin as ones and zeros
                parameter.data += 0.15 * torch.randn_like(parameter)
        save_checkpoint(tmp_path / "weights", model, tokenizer)
        return tmp_path / "weights", model, tokenizer

    return make
