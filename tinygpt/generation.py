"""Text from a model, one character at a time, through a key-value cache."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.sampling import probability
from tinygpt.tokenizer import TextEncoderDecoder
from tinygpt.trace import Trace
from tinygpt.turns import Turns, cores

_PIECE = 64  # characters written before any is handed on: too few to wait for, enough to spare the way

# As many texts at once as there are cores; the others wait in line. Else a hundred of them would keep
# waiting what must answer at once, a page's server for one.
CORES = Turns(cores())


class LanguageModel(Protocol):
    """What can be asked to write: a GPTLanguageModel or a CompiledModel."""

    config: GPTConfig

    def reader(self, batch: int) -> "Reader": ...
    def trace(self, ids: list[int]) -> Trace: ...


class Reader(Protocol):
    """A model that reads texts side by side and remembers what it has read: see CachedReader and CompiledReader.

    `write` draws at least one character and at most `count`.
    """

    def read(self, rows: list[list[int]]) -> np.ndarray: ...
    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]: ...
    def clear(self) -> None: ...
    def select(self, rows: list[int]) -> None: ...


class Window:
    """A model reading text that grows, row by row of a batch, never more than a block of it.

    When the window is full, its last half starts a new one at position 0, so that the cost of a
    character stays bounded however long the text gets.
    """

    def __init__(self, model: LanguageModel, rows: list[list[int]]):
        self._config, self._reader = model.config, model.reader(len(rows))
        self._rows = self._unread = [row[-model.config.block_size :] for row in rows]

    def read(self) -> np.ndarray:
        """Read what was appended: logits_BV of the character after each row."""
        with CORES:
            return self._reader.read(self._unread)

    def append(self, ids_B: list[int]) -> None:
        """Make each row longer by one character, to be read next."""
        self._grow([[id] for id in ids_B])

    def write(self, count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """Read, draw and append up to `count` characters of the only row, the first as number `i` of the request.

        Returns them and how likely the model held each.
        """
        room = self._config.block_size - len(self._rows[0]) + 1  # the last one opens the next window
        with CORES:
            drawn, expected = self._reader.write(self._unread[0], min(count, room), settings, i)
        self._grow([drawn])
        return drawn, expected

    def select(self, rows: list[int]) -> None:
        """Make row i a copy of row rows[i]."""
        self._rows, self._unread = ([part[row] for row in rows] for part in (self._rows, self._unread))
        self._reader.select(rows)

    def _grow(self, rows: list[list[int]]) -> None:
        """Add characters to each row, of which all but the last have been read."""
        self._rows = [[*row, *ids] for row, ids in zip(self._rows, rows, strict=True)]
        self._unread = [ids[-1:] for ids in rows]
        if len(self._rows[0]) > self._config.block_size:
            self._rows = self._unread = [row[-self._config.kept :] for row in self._rows]
            self._reader.clear()


class Character(NamedTuple):
    """One character of a continuation."""

    text: str
    probability: float  # the model's own: before temperature, top-k and top-p


def stream(
    model: LanguageModel,
    tokenizer: TextEncoderDecoder,
    prompt: str = "",
    settings: SampleConfig | None = None,
) -> Iterator[str]:
    """The continuation of `prompt`, in pieces as it is written; stop by closing the iterator.

    Joined, the pieces are what `model.generate` writes with the same settings. An empty prompt is
    a newline. A seed of None is drawn anew: to know it, pass `settings.seeded()`.

    Raises ValueError, before anything is written, for characters that `tokenizer.normalise` would
    have changed, for a top_k above the vocabulary and for a beam_width (see beam_search).
    """
    written = characters(model, tokenizer, prompt, (settings or SampleConfig()).seeded())
    return (character.text for character in written)  # unlike map, it can be closed


def characters(
    model: LanguageModel,
    tokenizer: TextEncoderDecoder,
    prompt: str,
    settings: SampleConfig,
    chosen: Mapping[int, str] | None = None,
) -> Iterator[Character]:
    """What `stream` writes, with each character's probability; settings have a seed.

    A person's choices, by their place in the continuation, stand there instead of what would have
    been drawn. Raises what `stream` does.
    """
    if settings.beam_width is not None:
        raise ValueError(f"stream draws one text; for beam_width {settings.beam_width} call beam_search")
    settings.check_vocabulary(tokenizer.vocab_size)
    choices = {place: tokenizer.encode(text)[0] for place, text in (chosen or {}).items()}
    written = (
        Character(tokenizer.vocabulary[id], probability)
        for id, probability in _written(model, prompt_ids(tokenizer, prompt), settings, choices)
    )
    return until(settings.stop, written) if settings.stop else written


def prompt_ids(tokenizer: TextEncoderDecoder, prompt: str) -> list[int]:
    """A prompt as a model reads it: the empty one is a newline. Raises ValueError for unknown characters."""
    return tokenizer.encode(prompt or "\n")


def visible(config: GPTConfig, prompt: list[int], written: list[int]) -> list[int]:
    """What a model sees when it writes the next character: the window after a prompt and what was written since."""
    row = prompt[-config.block_size :]
    for id in written:
        row.append(id)
        if len(row) > config.block_size:
            row = row[-config.kept :]
    return row


def until(stop: str, written: Iterable[Character]) -> Iterator[Character]:
    """Characters up to where `stop` appears in them; what may be its beginning is held back."""
    held: list[Character] = []
    for character in written:
        held.append(character)
        text = "".join(each.text for each in held)
        if text.endswith(stop):
            yield from held[: -len(stop)]
            return
        safe = next(i for i in range(len(text) + 1) if stop.startswith(text[i:]))
        yield from held[:safe]
        held = held[safe:]
    yield from held


def _written(
    model: LanguageModel, prompt: list[int], settings: SampleConfig, choices: Mapping[int, int]
) -> Iterator[tuple[int, float]]:
    window, i = Window(model, [prompt]), 0
    while i < settings.max_new_tokens:
        if i in choices:
            ids, expected = [choices[i]], [probability(window.read()[0], choices[i])]
            window.append(ids)
        else:
            free = next((n for n in range(1, _PIECE) if i + n in choices), _PIECE)
            ids, expected = window.write(min(free, settings.max_new_tokens - i), settings, i)
        yield from zip(ids, expected, strict=True)
        i += len(ids)
