"""What generation remembers of the characters it has already read."""

import numpy as np
import torch
from torch import Tensor, nn

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.sampling import probability, sample


class LayerCache:
    """Keys and values of one block's attention for the characters read so far.

    Under the causal mask an earlier character never sees a later one, so its key and value do
    not change when the text grows: each is computed once and looked up from then on.
    """

    def __init__(self, keys_BHTD: Tensor, values_BHTD: Tensor):
        self.keys_BHTD, self.values_BHTD = keys_BHTD, values_BHTD  # room for a window, of which `length` are filled
        self.length = 0

    def extend(self, k_BHTD: Tensor, v_BHTD: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values of new characters; returns all of them so far."""
        start, self.length = self.length, self.length + k_BHTD.size(2)
        self.keys_BHTD[:, :, start : self.length] = k_BHTD
        self.values_BHTD[:, :, start : self.length] = v_BHTD
        return self.keys_BHTD[:, :, : self.length], self.values_BHTD[:, :, : self.length]

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        self.keys_BHTD, self.values_BHTD = self.keys_BHTD[rows], self.values_BHTD[rows]


class KVCache:
    """One LayerCache a block, with room for a full window."""

    def __init__(self, config: GPTConfig, batch: int = 1, device: torch.device | str = "cpu"):
        shape = (batch, config.n_head, config.block_size, config.head_size)
        self.layers = [
            LayerCache(torch.zeros(shape, device=device), torch.zeros(shape, device=device))
            for _ in range(config.n_layer)
        ]

    @property
    def length(self) -> int:
        """Characters read so far: the position of the next one."""
        return self.layers[0].length

    def clear(self) -> None:
        """Start a new window at position 0."""
        for layer in self.layers:
            layer.length = 0

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]: how a beam search drops and forks beams."""
        for layer in self.layers:
            layer.select(rows)


class CachedReader:
    """A GPTLanguageModel reading texts side by side, row by row of a batch, on whatever device it is."""

    def __init__(self, model: nn.Module, batch: int):
        self._model, self._device = model.eval(), model.lm_head.weight.device
        self._cache = KVCache(model.config, batch=batch, device=self._device)
        self.clear, self.select = self._cache.clear, self._cache.select

    @torch.no_grad()
    def read(self, rows: list[list[int]]) -> np.ndarray:
        """Read the next characters of each row: logits_BV of the one after the last.

        They are either many characters of a new window or a single one after that.
        """
        return self._model(torch.tensor(rows, device=self._device), cache=self._cache)[:, -1].float().cpu().numpy()

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """Read the next characters of the only row, then draw character number `i` of the request.

        With it comes how likely the model held it.
        """
        (logits_V,) = self.read([ids])
        drawn = sample(logits_V, settings.temperature, settings.top_k, settings.top_p, settings.seed, i)
        return [drawn], [probability(logits_V, drawn)]
