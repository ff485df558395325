"""A request from a person, whatever they typed, to the text they see grow: for pages and terminals."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.fields import FieldError
from tinygpt.inference.beam_search import best_beams
from tinygpt.inference.generation import Character, characters, unwritable_stop
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, bounds


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """The text that a request led to, as far as it has been written."""

    request: GenerationRequest  # in known characters, with the seed in use: it leads to this text again
    prompt: str  # in known characters, however long
    text: str
    confidence: str  # for each character of the text a digit: the tenths of probability that the model gave it
    notes: tuple[str, ...]  # what was changed in the prompt, for a person
    seconds: float  # since the writing began

    def __str__(self) -> str:
        """How much was written and how fast, for the line below the text."""
        length, rate = len(self.text), len(self.text) / self.seconds if self.seconds else 0.0
        return f"{length:,} character{'' if length == 1 else 's'} · {self.seconds:.1f} s · {rate:,.0f} per second"


def write(
    engine: Engine,
    tokenizer: TextEncoderDecoder,
    request: GenerationRequest,
    forced: Mapping[int, str] | None = None,
) -> Iterator[Continuation]:
    """The continuation of any prompt, as it grows from nothing; stop by closing the iterator.

    `forced` are characters that a person put in the places of others (see generation.characters).

    Raises FieldError, a ValueError, before anything is written, for a prompt that cannot be continued or a top_k
    above the vocabulary.
    """
    request = request.seeded()
    prompt, settings, notes = prepare(engine.config, tokenizer, request)
    if settings.beam_width:
        texts = best_beams(engine, tokenizer, prompt, settings)
    else:
        texts = _growing(characters(engine, tokenizer, prompt, settings, forced))
    return _continuations(texts, _known(request, prompt, settings.stop), prompt, notes)


def prepare(
    config: GPTConfig, tokenizer: TextEncoderDecoder, request: GenerationRequest | ProbabilitiesRequest
) -> tuple[str, SampleConfig, tuple[str, ...]]:
    """The prompt and the settings in characters that the model knows, and notes on what was changed for that.

    Raises FieldError when the prompt is empty for a model that knows no line ends, the stop text has characters that
    the model does not know, or top_k is above the vocabulary.
    """
    settings = request.sample_config()
    settings.check_vocabulary(tokenizer.vocab_size)
    prompt, notes = tokenizer.normalize(request.prompt)
    if not prompt:
        if "\n" not in tokenizer.vocabulary:
            raise FieldError("prompt", "must have a character that the model knows: it knows no new line to begin with")
        notes.append("Nothing to continue, so the text starts on a new line.")
    if len(prompt) > config.block_size:
        notes.append(f"The model sees the last {config.block_size} characters of the prompt.")
    stop, changes = _spelled_stop(tokenizer, settings.stop or "")
    notes += [f"In the stop text: {change}" for change in changes]
    return prompt, replace(settings, stop=stop or None), tuple(notes)


def _spelled_stop(tokenizer: TextEncoderDecoder, stop: str) -> tuple[str, list[str]]:
    """A stop text in known characters, and notes. Raises FieldError if some of it has no spelling in them."""
    if unspellable := tokenizer.unspellable(stop):
        raise unwritable_stop(unspellable)
    return tokenizer.normalize(stop)


def _known(request: GenerationRequest, prompt: str, stop: str | None) -> GenerationRequest:
    """The request in known characters, which may be more: of "…" becomes "...", and bounds still hold."""
    fits = stop is None or len(stop) <= bounds("stop").high
    return replace(request, prompt=prompt[-bounds("prompt").high :], stop=stop if fits else request.stop)


def _growing(written: Iterable[Character]) -> Iterator[tuple[str, str]]:
    """The text so far and its confidence, after each character."""
    text = confidence = ""
    for character in written:
        text += character.text
        confidence += character.confidence
        yield text, confidence


def _continuations(
    texts: Iterable[tuple[str, str]], request: GenerationRequest, prompt: str, notes: tuple[str, ...]
) -> Iterator[Continuation]:
    start = time.perf_counter()
    for text, confidence in chain([("", "")], texts):
        seconds = time.perf_counter() - start
        yield Continuation(
            request=request, prompt=prompt, text=text, confidence=confidence, notes=notes, seconds=seconds
        )
