"""What a model thinks at one place of a text."""

from typing import NamedTuple

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.generation import LanguageModel, Window, prompt_ids, visible
from tinygpt.sampling import probabilities
from tinygpt.tokenizer import TextEncoderDecoder


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
    return Candidates(
        probabilities(logits_V, temperature=1),
        probabilities(logits_V, settings.temperature),
        probabilities(logits_V, settings.temperature, settings.top_k, settings.top_p),
    )
