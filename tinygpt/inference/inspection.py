"""What a model predicts at one position of a text, and its activations there."""

from math import isqrt
from typing import NamedTuple

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.inference.generation import WindowedReader, current_window, encode_prompt
from tinygpt.inference.scheduling import in_turn
from tinygpt.model.activation_cache import ActivationCache
from tinygpt.model.sampling import probabilities, uniform

MAX_INSPECTED = 2**22  # attention weights of all heads, and numbers in all queries: each takes some tens of megabytes


class Candidates(NamedTuple):
    """Probabilities of all characters of the vocabulary at one position, in float64. Each of the three sums to 1."""

    raw_V: np.ndarray  # the model's own
    tempered_V: np.ndarray  # after temperature
    kept_V: np.ndarray  # after top-k and top-p: what a character is sampled from


def candidates(
    engine: Engine, tokenizer: TextEncoderDecoder, prompt: str, before: str, settings: SampleConfig
) -> Candidates:
    """The candidates for the character after `before`, which is the beginning of a continuation of `prompt`.

    Raises ValueError for unknown characters.
    """
    seen = current_window(engine.config, encode_prompt(tokenizer, prompt), tokenizer.encode(before))
    (logits_V,) = WindowedReader(engine, [seen]).read()
    return candidate_probabilities(logits_V, settings)


def candidate_probabilities(logits_V: np.ndarray, settings: SampleConfig) -> Candidates:
    """Turn logits into probabilities, step by step as `settings` say."""
    return Candidates(
        probabilities(logits_V, temperature=1),
        probabilities(logits_V, settings.temperature),
        probabilities(logits_V, settings.temperature, settings.top_k, settings.top_p),
    )


def window_at(
    config: GPTConfig, tokenizer: TextEncoderDecoder, prompt: str, continuation: str, position: int
) -> tuple[str, int]:
    """The window in which a model reads the character at `position` of the continuation, and its index in there.

    Negative positions count back from the end of the prompt; -1 is its last character. The window extends to its end
    or that of the text: under the causal mask, later characters do not affect earlier ones.

    Raises ValueError for unknown characters, and for a position before the window or after the text.
    """
    written = tokenizer.encode(continuation)
    after = max(0, position + 1)
    seen = current_window(config, encode_prompt(tokenizer, prompt), written[:after])
    index = len(seen) - 1 + min(0, position + 1)
    if index < 0 or position >= len(written):
        raise ValueError(f"position {position} is not in the text, or in no window that the model sees of it")
    return tokenizer.decode(seen + written[after:][: config.block_size - len(seen)]), index


def inspectable(config: GPTConfig) -> int:
    """How many characters can be inspected at once: a window, or what keeps memory within MAX_INSPECTED."""
    by_attention = isqrt(MAX_INSPECTED // (config.n_layer * config.n_head))
    by_queries = MAX_INSPECTED // (config.n_layer * config.n_embd)
    return min(config.block_size, by_attention, by_queries)


def activations(engine: Engine, tokenizer: TextEncoderDecoder, text: str) -> ActivationCache:
    """The activations of a model that reads a text of 1 to `inspectable` characters.

    Raises ValueError for unknown characters and for a text of another length.
    """
    if len(text) > inspectable(engine.config):
        raise ValueError(f"{inspectable(engine.config):,} characters can be inspected at once, not {len(text):,}")
    return in_turn(engine.activations, tokenizer.encode(text))


class HeadAttention(NamedTuple):
    """What one attention head attends to from the last character of a text of T characters."""

    query_D: np.ndarray  # of the last character
    weights_T: np.ndarray  # float64, sums to 1
    strongest: int  # the position with the largest weight
    key_D: np.ndarray  # of the character at that position
    score: float  # query · key / √D there: what the softmax turns into the weight


class LayerPrediction(NamedTuple):
    """The residual stream at the last character of a text, and what the model would predict from it."""

    stream_C: np.ndarray
    norm: float  # Euclidean
    id: int  # of the likeliest character
    probability: float  # of that character, at temperature 1


class CharacterReading(NamedTuple):
    """How a model reads the last character of a text and predicts the next one."""

    attention: HeadAttention  # of one head
    layers: list[LayerPrediction]  # before the first block, and after each block
    logits_V: np.ndarray  # of the next character
    candidates: Candidates
    uniform: float | None  # the number in [0, 1) that samples the next character; None where nothing is sampled


def read_character(
    activations: ActivationCache, layer: int, head: int, settings: SampleConfig, position: int
) -> CharacterReading:
    """Summarize the activations of a text up to the character before `position` of the continuation.

    `layer` and `head`, both from 0, say whose attention is returned. A `position` below 0 lies in the prompt, where
    nothing is sampled.
    """
    logits_V = activations.logits_LV[-1]
    sampled = position >= 0 and settings.uses_seed and settings.seed is not None
    return CharacterReading(
        head_attention(activations, layer, head),
        layer_predictions(activations),
        logits_V,
        candidate_probabilities(logits_V, settings),
        uniform(settings.seed, position) if sampled else None,
    )


def head_attention(activations: ActivationCache, layer: int, head: int) -> HeadAttention:
    """The attention of one head, from the last character to every character."""
    keys_TD, query_D = activations.keys_LHTD[layer, head], activations.queries_LHTD[layer, head, -1]
    weights_T = probabilities(keys_TD @ query_D / query_D.size**0.5, temperature=1)
    strongest = int(weights_T.argmax())
    key_D = keys_TD[strongest]
    return HeadAttention(query_D, weights_T, strongest, key_D, float(query_D @ key_D) / query_D.size**0.5)


def layer_predictions(activations: ActivationCache) -> list[LayerPrediction]:
    """What the model would predict after each layer if it ended there (the "logit lens"; nostalgebraist, 2020)."""
    predictions = []
    for stream_C, logits_V in zip(activations.residual_LC, activations.logits_LV, strict=True):
        probabilities_V = probabilities(logits_V, temperature=1)
        likeliest = int(probabilities_V.argmax())
        predictions.append(
            LayerPrediction(stream_C, float(np.linalg.norm(stream_C)), likeliest, float(probabilities_V[likeliest]))
        )
    return predictions


def attention_bytes(activations: ActivationCache) -> np.ndarray:
    """The attention weights of all heads for display: the square root of each in one byte, uint8 of shape LHTT.

    A weight of 1 is 255. The square root keeps small weights apart, and most are small.
    """
    return np.rint(255 * np.sqrt(activations.attention())).astype(np.uint8)
