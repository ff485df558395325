"""What went on inside a model while it read: for those who look, not for those who write."""

from typing import NamedTuple

import numpy as np


class Trace(NamedTuple):
    """A text of at most one window, read from its start by L blocks of H heads."""

    queries_LHTD: np.ndarray  # as attention compares them: normed and turned, where the model does that
    keys_LHTD: np.ndarray
    # The last character on its way up: before the first block, between blocks, after the last (L + 1 rows),
    # and what the model would expect next if it ended there (the "logit lens", nostalgebraist, 2020).
    stream_LC: np.ndarray
    logits_LV: np.ndarray

    def attention(self) -> np.ndarray:
        """How much each position (row) listens to each other one (column): weights_LHTT, rows sum to 1."""
        T, D = self.queries_LHTD.shape[2:]
        scores_LHTT = self.queries_LHTD @ self.keys_LHTD.swapaxes(2, 3) / np.float32(D**0.5)
        scores_LHTT[..., ~np.tri(T, dtype=bool)] = -np.inf  # the causal mask: what comes later is out of reach
        weights_LHTT = np.exp(scores_LHTT - scores_LHTT.max(axis=-1, keepdims=True))
        return weights_LHTT / weights_LHTT.sum(axis=-1, keepdims=True)
