"""A request from a person, whatever they typed, to the text they see grow: for pages and terminals."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from tinygpt.beam import beam_search
from tinygpt.config import MAX_PROMPT, GPTConfig, SampleConfig
from tinygpt.generation import Character, LanguageModel, characters
from tinygpt.tokenizer import TextEncoderDecoder


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text as far as it has been written."""

    prompt: str  # in known characters
    continuation: str
    sureness: str  # for each of its characters a digit: the tenths of probability that the model gave it
    notes: tuple[str, ...]  # what was changed in the prompt, for a person
    settings: SampleConfig  # with the seed in use
    seconds: float  # since the writing began

    def __str__(self) -> str:
        """How much was written and how fast, for the line below the text."""
        length, rate = len(self.continuation), len(self.continuation) / self.seconds if self.seconds else 0.0
        return f"{length:,} character{'' if length == 1 else 's'} · {self.seconds:.1f} s · {rate:,.0f} a second"


def write(
    model: LanguageModel,
    tokenizer: TextEncoderDecoder,
    prompt: str,
    settings: SampleConfig,
    chosen: Mapping[int, str] | None = None,
) -> Iterator[Draft]:
    """The continuation of any prompt, as it grows from nothing; stop by closing the iterator.

    `chosen` are characters that a person put in the places of others (see generation.characters).

    Raises ValueError, before anything is written, for a prompt over the bound or a top_k above
    the vocabulary.
    """
    prompt, notes = prepare(model.config, tokenizer, prompt)
    settings.check_vocabulary(tokenizer.vocab_size)
    if settings.stop:  # in known characters, like the prompt: any other would never be met
        stop, changes = tokenizer.normalise(settings.stop)
        notes += tuple(f"In the stop text: {change}" for change in changes)
        settings = replace(settings, stop=stop or None)
    settings = settings.seeded()
    if settings.beam_width:
        texts = ((text, "") for text in beam_search(model, tokenizer, prompt, settings))
    else:
        texts = _growing(characters(model, tokenizer, prompt, settings, chosen))
    return _drafts(texts, prompt, notes, settings)


def prepare(config: GPTConfig, tokenizer: TextEncoderDecoder, prompt: str) -> tuple[str, tuple[str, ...]]:
    """The prompt that is shown and continued, and notes on how it differs from what was typed.

    Raises ValueError when it is not a text, too long, or empty for a model that knows no line ends.
    """
    if type(prompt) is not str:
        raise ValueError(f"prompt must be a text, not {type(prompt).__name__}")
    if len(prompt) > MAX_PROMPT:
        raise ValueError(f"prompt must be at most {MAX_PROMPT:,} characters, not {len(prompt):,}")
    text, notes = tokenizer.normalise(prompt)
    if not text:
        if "\n" not in tokenizer.vocabulary:
            raise ValueError("prompt must have a character that the model knows: it knows no new line to begin with")
        notes.append("Nothing to continue, so the text starts on a new line.")
    if len(text) > config.block_size:
        notes.append(f"The model sees the last {config.block_size} characters of the prompt.")
    return text, tuple(notes)


def _growing(written: Iterable[Character]) -> Iterator[tuple[str, str]]:
    """The text so far and its sureness, after each character."""
    text = sureness = ""
    for character in written:
        text += character.text
        sureness += str(min(9, int(10 * character.probability)))
        yield text, sureness


def _drafts(
    texts: Iterable[tuple[str, str]], prompt: str, notes: tuple[str, ...], settings: SampleConfig
) -> Iterator[Draft]:
    start = time.perf_counter()
    for text, sureness in chain([("", "")], texts):
        yield Draft(
            prompt=prompt,
            continuation=text,
            sureness=sureness,
            notes=notes,
            settings=settings,
            seconds=time.perf_counter() - start,
        )
