"""The key-value cache: what a model keeps of the characters it has already read."""

from torch import Tensor

from tinygpt.config import GPTConfig


class LayerCache:
    """Keys and values of one block's attention for the characters read so far.

    Under the causal mask an earlier character never sees a later one, so its key and value do not
    change as the text grows: they are computed once and kept.
    """

    def __init__(self, block_size: int):
        self.block_size = block_size
        self.keys_BHTD: Tensor | None = None  # allocated for a full window when the first characters are read
        self.values_BHTD: Tensor | None = None
        self.length = 0  # positions in use
        self.last_queries_and_keys: tuple[Tensor, Tensor] | None = None  # for TorchEngine's overflow check

    def extend(self, k_BHTD: Tensor, v_BHTD: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values of new characters; return those of all characters so far.

        The first ones determine the batch, the device and the precision.
        """
        if self.keys_BHTD is None:
            B, H, _, D = k_BHTD.shape
            self.keys_BHTD, self.values_BHTD = (x.new_zeros(B, H, self.block_size, D) for x in (k_BHTD, v_BHTD))
        start, self.length = self.length, self.length + k_BHTD.size(2)
        self.keys_BHTD[:, :, start : self.length] = k_BHTD
        self.values_BHTD[:, :, start : self.length] = v_BHTD
        return self.keys_BHTD[:, :, : self.length], self.values_BHTD[:, :, : self.length]

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        if self.keys_BHTD is not None:
            self.keys_BHTD, self.values_BHTD = self.keys_BHTD[rows], self.values_BHTD[rows]


class KVCache:
    """One LayerCache per block."""

    def __init__(self, config: GPTConfig):
        self.layers = [LayerCache(config.block_size) for _ in range(config.n_layer)]

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
