"""Beam search: looks for the most probable text instead of sampling one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.fields import FieldError
from tinygpt.inference.generation import Character, WindowedReader, check_stop, encode_prompt

if TYPE_CHECKING:
    from tinygpt.model.gpt import GPTLanguageModel


def beam_search(
    model: "GPTLanguageModel | Engine",
    tokenizer: TextEncoderDecoder,
    prompt: str,
    settings: SampleConfig,
) -> Iterator[str]:
    """Yield the most probable continuation found so far, in full, after every character; the last one is the result.

    Keeps the `settings.beam_width` texts with the highest sums of log-probabilities; of equal ones, the first in
    vocabulary order. Width 1 is greedy. Nothing is sampled: temperature, top_k, top_p and seed have no effect. Close
    the iterator to stop.

    Raises ValueError, before anything is generated, for unknown characters in the prompt or the stop text and for
    settings without a beam_width; later, if the weights lead to infinities or NaN.
    """
    return (beam.text for beam in best_beams(model, tokenizer, prompt, settings))  # unlike map, it can be closed


class Beam(NamedTuple):
    """A text that may become the result."""

    text: str = ""
    confidence: str = ""  # a digit for each character: see Character

    def grown(self, character: Character) -> "Beam":
        """The text with one more character."""
        return Beam(self.text + character.text, self.confidence + character.confidence)

    def without(self, stop: str) -> "Beam":
        """The text without the stop text at its end."""
        text = self.text.removesuffix(stop)
        return Beam(text, self.confidence[: len(text)])


def best_beams(
    model: "GPTLanguageModel | Engine", tokenizer: TextEncoderDecoder, prompt: str, settings: SampleConfig
) -> Iterator[Beam]:
    """Like beam_search, but yields Beams: texts with their confidence. Raises what beam_search does."""
    if settings.beam_width is None:
        raise FieldError("beam_width", "must be a whole number of at least 1 for a beam search, not None")
    check_stop(tokenizer, settings.stop)
    return _search(WindowedReader(model, [encode_prompt(tokenizer, prompt)]), tokenizer, settings)


def _search(reader: WindowedReader, tokenizer: TextEncoderDecoder, settings: SampleConfig) -> Iterator[Beam]:
    beams, scores = [Beam()], np.zeros(1)
    ended, ended_score = Beam(), -np.inf
    for _ in range(settings.max_new_tokens):
        log_probabilities_BV = _log_softmax(reader.read())
        totals_BV = scores[:, None] + log_probabilities_BV
        best = np.argsort(-totals_BV, axis=None, kind="stable")[: settings.beam_width]
        rows, ids = np.unravel_index(best, totals_BV.shape)
        probabilities = np.exp(log_probabilities_BV[rows, ids])
        grown = [
            beams[row].grown(Character(tokenizer.vocabulary[id], probability))
            for row, id, probability in zip(rows, ids, probabilities, strict=True)
        ]
        scores = totals_BV[rows, ids]
        at_stop = np.array([settings.stop is not None and beam.text.endswith(settings.stop) for beam in grown])
        if at_stop.any() and scores[at_stop.argmax()] > ended_score:
            ended, ended_score = grown[at_stop.argmax()].without(settings.stop), scores[at_stop.argmax()]
        alive = np.flatnonzero(~at_stop)
        # Scores only decrease as texts grow, so a finished text that leads cannot be overtaken.
        if not alive.size or ended_score >= scores[alive[0]]:
            break
        beams, scores, rows, ids = [grown[k] for k in alive], scores[alive], rows[alive], ids[alive]
        yield beams[0]
        reader.select(rows.tolist())
        reader.append(ids.tolist())
    if ended_score >= scores[0]:
        yield ended


def _log_softmax(logits_BV: np.ndarray) -> np.ndarray:
    shifted_BV = logits_BV.astype(np.float64) - logits_BV.max(axis=1, keepdims=True)
    return shifted_BV - np.log(np.exp(shifted_BV).sum(axis=1, keepdims=True))
