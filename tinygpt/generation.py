"""Text from a model, one character at a time, through a key-value cache."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from tinygpt.cache import KVCache
from tinygpt.compiled import CompiledModel, LanguageModel
from tinygpt.config import SampleConfig
from tinygpt.model import GPTLanguageModel
from tinygpt.sampling import sample
from tinygpt.tokenizer import TextEncoderDecoder


class Window:
    """A model reading text that grows, row by row of a batch, never more than a block of it.

    When the window is full, its last half starts a new one at position 0, so that the cost of a
    character stays bounded however long the text gets. Puts the model in evaluation mode.
    """

    def __init__(self, model: LanguageModel, rows: list[list[int]]):
        self._config = model.config
        self._rows = [row[-model.config.block_size :] for row in rows]
        self._reader = model.reader(len(rows)) if isinstance(model, CompiledModel) else _Reader(model, len(rows))
        self.logits_BV = self._reader.read(self._rows)

    def append(self, ids_B: list[int]) -> None:
        """Read one more character in each row; `logits_BV` then tell of the one after it."""
        self._rows = [[*row, id] for row, id in zip(self._rows, ids_B, strict=True)]
        next_characters = [[id] for id in ids_B]
        if len(self._rows[0]) > self._config.block_size:
            self._rows = next_characters = [row[-self._config.kept :] for row in self._rows]
            self._reader.clear()
        self.logits_BV = self._reader.read(next_characters)

    def select(self, rows: list[int]) -> None:
        """Make row i a copy of row rows[i]; `logits_BV` are not touched."""
        self._rows = [self._rows[row] for row in rows]
        self._reader.select(rows)


class _Reader:
    """A GPTLanguageModel with its cache, as CompiledModel.reader gives one."""

    def __init__(self, model: GPTLanguageModel, batch: int):
        self._model, self._device = model.eval(), model.lm_head.weight.device
        self._cache = KVCache(model.config, batch=batch, device=self._device)
        self.clear, self.select = self._cache.clear, self._cache.select

    @torch.no_grad()
    def read(self, rows: list[list[int]]) -> np.ndarray:
        return self._model(torch.tensor(rows, device=self._device), cache=self._cache)[:, -1].float().cpu().numpy()


def stream(
    model: LanguageModel,
    tokenizer: TextEncoderDecoder,
    prompt: str = "",
    settings: SampleConfig | None = None,
) -> Iterator[str]:
    """The continuation of `prompt`, in pieces as it is written; stop by closing the iterator.

    Joined, the pieces are what `model.generate` writes with the same settings. An empty prompt is
    a newline. A seed of None is drawn anew: to know it, pass `settings.seeded()`.

    Raises ValueError, before anything is written, for characters that `tokenizer.normalise` would
    have changed, for a top_k above the vocabulary and for a beam_width (see beam_search).
    """
    settings = (settings or SampleConfig()).seeded()
    if settings.beam_width is not None:
        raise ValueError(f"stream draws one text; for beam_width {settings.beam_width} call beam_search")
    settings.check_vocabulary(tokenizer.vocab_size)
    pieces = (
        tokenizer.vocabulary[id] for id in _ids(model, prompt_ids(tokenizer, prompt), settings)
    )  # unlike map, it can be closed
    return until(settings.stop, pieces) if settings.stop else pieces


def prompt_ids(tokenizer: TextEncoderDecoder, prompt: str) -> list[int]:
    """A prompt as a model reads it: the empty one is a newline. Raises ValueError for unknown characters."""
    return tokenizer.encode(prompt or "\n")


def until(stop: str, pieces: Iterable[str]) -> Iterator[str]:
    """`pieces` up to where `stop` appears in them; what may be its beginning is held back."""
    held = ""
    for piece in pieces:
        held += piece
        if stop in held:
            yield held[: held.index(stop)]
            return
        start = next(i for i in range(len(held) + 1) if stop.startswith(held[i:]))
        if start:
            yield held[:start]
            held = held[start:]
    if held:
        yield held


def _ids(model: LanguageModel, prompt: list[int], settings: SampleConfig) -> Iterator[int]:
    window = Window(model, [prompt])
    for i in range(settings.max_new_tokens):
        drawn = sample(window.logits_BV[0], settings.temperature, settings.top_k, settings.top_p, settings.seed, i)
        yield drawn
        if i + 1 < settings.max_new_tokens:  # nobody asks what follows the last one
            window.append([drawn])
