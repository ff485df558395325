"""The activations of a model that read a text, recorded to be looked at."""

from typing import NamedTuple

import numpy as np


class ActivationCache(NamedTuple):
    """Activations of L blocks with H heads for one text of T characters, at most one window. All are float32."""

    queries_LHTD: np.ndarray  # as attention compares them: normalized and rotated where the model does so
    keys_LHTD: np.ndarray
    # The residual stream at the last character: before the first block, between blocks, after the last (L + 1 rows).
    residual_LC: np.ndarray
    # What the model would predict from each of these rows (the "logit lens"; nostalgebraist, 2020).
    logits_LV: np.ndarray

    def attention(self) -> np.ndarray:
        """How much each position (row) attends to each other one (column): weights_LHTT, rows sum to 1."""
        T, D = self.queries_LHTD.shape[2:]
        causal_mask_TT = np.where(np.tri(T, dtype=bool), np.float32(0), np.float32(-np.inf))
        scores_LHTT = self.queries_LHTD @ self.keys_LHTD.swapaxes(2, 3) / np.float32(D**0.5) + causal_mask_TT
        weights_LHTT = np.exp(scores_LHTT - scores_LHTT.max(axis=-1, keepdims=True))
        return weights_LHTT / weights_LHTT.sum(axis=-1, keepdims=True)
