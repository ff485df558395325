"""What a model thinks at one place of a text."""

from typing import NamedTuple

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.generation import CORES, LanguageModel, Window, prompt_ids, visible
from tinygpt.sampling import probabilities
from tinygpt.tokenizer import TextEncoderDecoder
from tinygpt.trace import Trace


class Candidates(NamedTuple):
    """How likely each character of the vocabulary is at one place. Each of the three sums to 1."""

    raw_V: np.ndarray  # what the model expects
    tempered_V: np.ndarray  # after temperature
    kept_V: np.ndarray  # after top-k and top-p: what is drawn from


def candidates(
    model: LanguageModel, tokenizer: TextEncoderDecoder, prompt: str, before: str, settings: SampleConfig
) -> Candidates:
    """The candidates for the character after `before`, the beginning of the continuation of `prompt`.

    Raises ValueError for unknown characters.
    """
    seen = visible(model.config, prompt_ids(tokenizer, prompt), tokenizer.encode(before))
    (logits_V,) = Window(model, [seen]).read()
    return expected(logits_V, settings)


def expected(logits_V: np.ndarray, settings: SampleConfig) -> Candidates:
    """What settings make of a model's logits, step by step."""
    return Candidates(
        probabilities(logits_V, temperature=1),
        probabilities(logits_V, settings.temperature),
        probabilities(logits_V, settings.temperature, settings.top_k, settings.top_p),
    )


def window_at(
    config: GPTConfig, tokenizer: TextEncoderDecoder, prompt: str, continuation: str, place: int
) -> tuple[str, int]:
    """The window in which a model reads the character at `place` of the continuation, and where it is in there.

    Negative places count back from the end of the prompt; -1 is its last character. The window is given to its end:
    what comes later in it changes nothing of what was read before.

    Raises ValueError for unknown characters, and for a place that is before the window or after the text.
    """
    written = tokenizer.encode(continuation)
    seen = visible(config, prompt_ids(tokenizer, prompt), written[: max(0, place + 1)])
    here = len(seen) - 1 + min(0, place + 1)
    if here < 0 or place >= len(written):
        raise ValueError(f"there is no character to look at, {place} after the prompt")
    return tokenizer.decode(seen + written[max(0, place + 1) :][: config.block_size - len(seen)]), here


def traced(model: LanguageModel, tokenizer: TextEncoderDecoder, text: str) -> Trace:
    """What goes on inside while a text of at most a window is read. Raises ValueError for unknown characters."""
    ids = tokenizer.encode(text)
    with CORES:
        return model.trace(ids)
