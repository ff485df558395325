"""An n-gram model: it predicts a character from how often each one has followed the characters before it.

Alone it predicts worse than a transformer, but it knows names and set phrases that a small transformer learns slowly,
which makes it a useful teacher beside others.
"""

import numpy as np
import torch
from torch import Tensor

ORDER = 10  # characters of the longest context
_FOLDS = 10


def ngram_predictions(data: Tensor, vocab_size: int) -> Tensor:
    """Return what n-gram models predict after each character of a text: probabilities_NV, in float16.

    The text is cut into ten parts, and each is predicted by a model that has counted the nine others: it was held out,
    so that its predictions are no better than for a new text. Contexts of 0 to ORDER characters are interpolated:
    each counts as far as it is known, and the next shorter one for the rest (Witten and Bell, 1991). After the last
    character, which nothing follows, all are equally likely.

    Args:
        data: ids of the N characters of the text.
        vocab_size: the number V of different characters.
    """
    ids_N = data.numpy().astype(np.int64)
    probabilities_NV = np.full((len(ids_N), vocab_size), 1 / vocab_size, np.float32)
    contexts_N = np.zeros(len(ids_N), np.int64)  # the number of the context that ends at each position
    for order in range(ORDER + 1):
        if order:  # a context is one that is shorter and ends a position earlier, and a character
            none = contexts_N.max() + 1 if order > 1 else 0  # before the text, there is only the empty context
            shorter_N = np.concatenate([[none], contexts_N[:-1]])
            contexts_N = np.unique(shorter_N * vocab_size + ids_N, return_inverse=True)[1]
        _interpolate(probabilities_NV[:-1], contexts_N[:-1], ids_N[1:])
    return torch.from_numpy(probabilities_NV).half()


def _interpolate(probabilities_MV: np.ndarray, contexts_M: np.ndarray, next_M: np.ndarray) -> None:
    """Mix what followed longer contexts into the probabilities by shorter ones, in place (Witten and Bell, 1991).

    Each becomes (count + distinct · probability) / (seen + distinct), with the counts of the nine other parts: how
    often the character followed the context, how often any did, and how many different ones.

    Args:
        probabilities_MV: of each character after each of M positions, by shorter contexts.
        contexts_M: the number of the longer context that ends at each position.
        next_M: the id that follows there.
    """
    M, V = probabilities_MV.shape
    pairs, pair_M, counts = np.unique(contexts_M * V + next_M, return_inverse=True, return_counts=True)
    first = np.searchsorted(pairs, np.arange(contexts_M.max() + 2) * V)  # of the pairs of each context
    bounds = np.linspace(0, M, _FOLDS + 1).astype(int)
    for part in map(slice, bounds[:-1], bounds[1:]):
        elsewhere = counts - np.bincount(pair_M[part], minlength=len(pairs))
        begin, end = first[contexts_M[part]], first[contexts_M[part] + 1]
        sizes = end - begin
        row = np.repeat(np.arange(len(sizes)), sizes)
        pair = np.arange(len(row)) + np.repeat(end - np.cumsum(sizes), sizes)
        count = elsewhere[pair]
        seen, distinct = (np.bincount(row, each, len(sizes)) for each in (count, count > 0))
        total = np.maximum(seen + distinct, 1)  # a context that is unknown elsewhere adds nothing
        probabilities_MV[part] *= np.where(seen > 0, distinct / total, 1)[:, None]
        probabilities_MV[part][row, pairs[pair] % V] += count / total[row]
