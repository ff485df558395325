"""The key-value cache: what a model keeps of the characters it has already read."""

import torch
from torch import Tensor

from tinygpt.config import GPTConfig


class LayerCache:
    """Keys and values of one block's attention for the characters read so far.

    Under the causal mask an earlier character never sees a later one, so its key and value do not
    change as the text grows: they are computed once and kept.
    """

    def __init__(self, keys_BHTD: Tensor, values_BHTD: Tensor):
        self.keys_BHTD, self.values_BHTD = keys_BHTD, values_BHTD  # allocated for a full window
        self.length = 0  # positions in use
        self.last_queries_and_keys: tuple[Tensor, Tensor] | None = None  # for TorchEngine's overflow check

    def extend(self, k_BHTD: Tensor, v_BHTD: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values of new characters; return those of all characters so far."""
        start, self.length = self.length, self.length + k_BHTD.size(2)
        self.keys_BHTD[:, :, start : self.length] = k_BHTD
        self.values_BHTD[:, :, start : self.length] = v_BHTD
        return self.keys_BHTD[:, :, : self.length], self.values_BHTD[:, :, : self.length]

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        self.keys_BHTD, self.values_BHTD = self.keys_BHTD[rows], self.values_BHTD[rows]


class KVCache:
    """One LayerCache per block, allocated for a full window of `block_size` characters."""

    def __init__(
        self,
        config: GPTConfig,
        batch: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ):
        shape = (batch, config.n_head, config.block_size, config.head_size)
        self.layers = [
            LayerCache(torch.zeros(shape, device=device, dtype=dtype), torch.zeros(shape, device=device, dtype=dtype))
            for _ in range(config.n_layer)
        ]

    @property
    def length(self) -> int:
        """Characters read so far, which is the position of the next one."""
        return self.layers[0].length

    def clear(self) -> None:
        """Start a new window at position 0."""
        for layer in self.layers:
            layer.length = 0

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i], as a beam search drops and forks beams."""
        for layer in self.layers:
            layer.select(rows)
