"""Beam search: keeps the few likeliest texts instead of drawing one."""

from collections.abc import Iterator

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.generation import LanguageModel, Window, prompt_ids
from tinygpt.tokenizer import TextEncoderDecoder


def beam_search(
    model: LanguageModel,
    tokenizer: TextEncoderDecoder,
    prompt: str,
    settings: SampleConfig,
) -> Iterator[str]:
    """The likeliest continuation found so far, whole, after every character; the last one counts.

    Keeps `settings.beam_width` texts by the sum of their log-probabilities; of equal ones, the
    first in vocabulary order. Width 1 is greedy. Nothing is drawn: temperature, top_k, top_p and
    seed have no effect. Stop by closing the iterator.

    Raises ValueError, before anything is written, for unknown characters in the prompt and for
    settings without a beam_width.
    """
    if settings.beam_width is None:
        raise ValueError("beam_width must be a whole number from 1 to 8, not None")
    return _search(Window(model, [prompt_ids(tokenizer, prompt)]), tokenizer, settings)


def _search(window: Window, tokenizer: TextEncoderDecoder, settings: SampleConfig) -> Iterator[str]:
    texts, scores = [""], np.zeros(1)
    ended, ended_score = "", -np.inf
    for _ in range(settings.max_new_tokens):
        totals_BV = scores[:, None] + _log_softmax(window.read())
        best = np.argsort(-totals_BV, axis=None, kind="stable")[: settings.beam_width]
        rows, ids = np.unravel_index(best, totals_BV.shape)
        grown = [texts[row] + tokenizer.vocabulary[id] for row, id in zip(rows, ids, strict=True)]
        scores = totals_BV[rows, ids]
        at_stop = np.array([settings.stop is not None and text.endswith(settings.stop) for text in grown])
        if at_stop.any() and scores[at_stop.argmax()] > ended_score:
            ended, ended_score = grown[at_stop.argmax()].removesuffix(settings.stop), scores[at_stop.argmax()]
        alive = np.flatnonzero(~at_stop)
        # A score only ever falls, so a text that has ended and leads cannot be overtaken.
        if not alive.size or ended_score >= scores[alive[0]]:
            break
        texts, scores, rows, ids = [grown[k] for k in alive], scores[alive], rows[alive], ids[alive]
        yield texts[0]
        window.select(rows.tolist())
        window.append(ids.tolist())
    if ended_score >= scores[0]:
        yield ended


def _log_softmax(logits_BV: np.ndarray) -> np.ndarray:
    shifted_BV = logits_BV.astype(np.float64) - logits_BV.max(axis=1, keepdims=True)
    return shifted_BV - np.log(np.exp(shifted_BV).sum(axis=1, keepdims=True))
