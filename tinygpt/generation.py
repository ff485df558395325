"""Text from a model, one character at a time, through a key-value cache."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from tinygpt.cache import KVCache
from tinygpt.config import SampleConfig
from tinygpt.model import GPTLanguageModel
from tinygpt.sampling import sample
from tinygpt.tokenizer import TextEncoderDecoder


class Window:
    """A model reading text that grows, row by row of a batch, never more than a block of it.

    When the window is full, its last half starts a new one at position 0, so that the cost of a
    character stays bounded however long the text gets. Puts the model in evaluation mode.
    """

    def __init__(self, model: GPTLanguageModel, ids_BT: Tensor):
        self._model = model.eval()
        self._ids_BT = ids_BT[:, -model.config.block_size :]
        self._cache = KVCache(model.config, batch=len(ids_BT), device=ids_BT.device)
        self.logits_BV = self._read(self._ids_BT)

    def append(self, ids_B: list[int]) -> None:
        """Read one more character in each row; `logits_BV` then tell of the one after it."""
        config = self._model.config
        next_B1 = torch.tensor(ids_B, device=self._ids_BT.device)[:, None]
        self._ids_BT = torch.cat([self._ids_BT, next_B1], dim=1)
        if self._ids_BT.size(1) > config.block_size:
            self._ids_BT = next_B1 = self._ids_BT[:, -config.kept :]
            self._cache.clear()
        self.logits_BV = self._read(next_B1)

    def select(self, rows: list[int]) -> None:
        """Make row i a copy of row rows[i]; `logits_BV` are not touched."""
        self._ids_BT = self._ids_BT[rows]
        self._cache.select(rows)

    @torch.no_grad()
    def _read(self, ids_BT: Tensor) -> np.ndarray:
        return self._model(ids_BT, cache=self._cache)[:, -1].float().cpu().numpy()


def stream(
    model: GPTLanguageModel,
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
    ids_1T = prompt_ids(model, tokenizer, prompt)
    pieces = (tokenizer.vocabulary[id] for id in _ids(model, ids_1T, settings))  # unlike map, it can be closed
    return until(settings.stop, pieces) if settings.stop else pieces


def prompt_ids(model: GPTLanguageModel, tokenizer: TextEncoderDecoder, prompt: str) -> Tensor:
    """A prompt as the model reads it: ids of shape (1, T) on the model's device."""
    return torch.tensor([tokenizer.encode(prompt or "\n")], device=model.lm_head.weight.device)


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


def _ids(model: GPTLanguageModel, ids_1T: Tensor, settings: SampleConfig) -> Iterator[int]:
    window = Window(model, ids_1T)
    for i in range(settings.max_new_tokens):
        drawn = sample(window.logits_BV[0], settings.temperature, settings.top_k, settings.top_p, settings.seed, i)
        yield drawn
        if i + 1 < settings.max_new_tokens:  # nobody asks what follows the last one
            window.append([drawn])
