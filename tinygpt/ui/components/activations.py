"""How a model reads a character of a text, as data: numbers for drawing, whose amount is bounded."""

import zlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from tinygpt.config import SampleConfig
from tinygpt.inference.inspection import HeadAttention
from tinygpt.ui.components.events import Data
from tinygpt.ui.services.inspection import Inspection, read_inspected, why_not_sampled
from tinygpt.ui.services.session import Session

_LATEST = 8  # characters before the next one that are shown one by one
_LIKELIEST = 1000  # characters of a large vocabulary that are shown
_DIGITS = 5  # significant digits of the numbers in long lists


def activations_data(session: Session, inspection: Inspection) -> Data:
    """The inspected character and head, the sizes of the model, and how it reads the character."""
    displayed, config = inspection.displayed, session.config
    sizes = asdict(config) | {"head_size": config.head_size, "hidden": config.hidden}
    return {
        "shown": {"link": displayed.link.json(), "text": displayed.text, "position": displayed.position},
        "index": inspection.index,
        "layer": inspection.layer,
        "head": inspection.head,
        "model": sizes | {"teachers": len(session.facts.get("teachers_sha256", ()))},
        "reading": _reading(session, inspection),
    }


def window_data(session: Session, inspection: Inspection) -> Data:
    """The window, with the attention of every head in it."""
    weights = zlib.compress(session.attention_bytes(inspection.window).tobytes(), level=1)
    return {
        "text": inspection.window,
        "weights": b64encode(weights).decode(),
        "note": _part_shown(inspection),
    }


def _reading(session: Session, inspection: Inspection) -> Data:
    settings, vocabulary = inspection.displayed.link.request.sample_config(), session.tokenizer.vocabulary
    reading, text = read_inspected(session, inspection), inspection.window[: inspection.index + 1]
    not_sampled = why_not_sampled(session, inspection)
    probabilities_V = reading.candidates.raw_V if settings.beam_width else reading.candidates.kept_V
    return {
        "length": len(text),
        "latest": [[each, *session.tokenizer.encode(each)] for each in text[-_LATEST:]],
        "attention": _attention(reading.attention, text),
        "layers": [
            {
                "stream": _rounded(layer.stream_C),
                "norm": layer.norm,
                "character": vocabulary[layer.id],
                "probability": layer.probability,
            }
            for layer in reading.layers
        ],
        "vocabulary": _likeliest(vocabulary, reading.logits_V, probabilities_V),
        "settings": _in_words(settings, session.config.vocab_size),
        "next": inspection.next_character,
        "uniform": None if not_sampled else reading.uniform,
        "not_sampled": not_sampled,
    }


def _attention(attention: HeadAttention, text: str) -> Data:
    return {
        "query": _rounded(attention.query_D),
        "key": _rounded(attention.key_D),
        "character": text[attention.strongest],
        "back": len(text) - 1 - attention.strongest,
        "score": attention.score,
        "weight": float(attention.weights_T[attention.strongest]),
        "latest": _rounded(attention.weights_T[-_LATEST:]),
        "earlier": float(attention.weights_T[:-_LATEST].sum()),
    }


def _likeliest(vocabulary: str, logits_V: np.ndarray, probabilities_V: np.ndarray) -> list[list]:
    """For each character, in the order of the vocabulary: its logit, its probability, and the sum of those before."""
    before_V = np.cumsum(probabilities_V) - probabilities_V
    likeliest = np.sort(np.argsort(-logits_V, kind="stable")[:_LIKELIEST])
    columns = (_rounded(each_V[likeliest]) for each_V in (logits_V, probabilities_V, before_V))
    return [list(row) for row in zip((vocabulary[id] for id in likeliest), *columns, strict=True)]


def _rounded(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _part_shown(inspection: Inspection) -> str:
    """What is not shown of the model's window; "" if it is shown whole."""
    shown, seen = len(inspection.window), inspection.seen
    if shown == seen:
        return ""
    if inspection.skipped:
        return f"The model sees {seen:,} characters here; {shown:,} are shown, read as if the text began there."
    return f"The model sees {seen:,} characters here; the first {shown:,} are shown."


def _in_words(settings: SampleConfig, vocab_size: int) -> str:
    if settings.beam_width:
        return "at temperature 1, as in beam search"
    words = [f"at temperature {settings.temperature:g}"]
    words += [f"top-k {settings.top_k}"] if settings.top_k and settings.top_k < vocab_size else []
    words += [f"top-p {settings.top_p:g}"] if settings.top_p and settings.top_p < 1 else []
    return ", ".join(words)
