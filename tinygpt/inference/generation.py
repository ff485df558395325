"""Generation of text from a model, one character after the other, with a key-value cache."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.engines.selection import as_engine
from tinygpt.fields import FieldError
from tinygpt.inference.scheduling import in_turn
from tinygpt.model.sampling import probability

if TYPE_CHECKING:
    from tinygpt.model.gpt import GPTLanguageModel

_CHUNK = 64  # characters generated before any is yielded: few enough to seem instant, enough to hide the overhead


class WindowedReader:
    """Reads rows of growing text with a model that sees at most `block_size` characters.

    When the window is full, its last half starts a new one at position 0. Thus the cost of a character is bounded
    however long the text becomes.
    """

    def __init__(self, model: "GPTLanguageModel | Engine", rows: list[list[int]]):
        self._config, self._reader = model.config, as_engine(model).open_reader(len(rows))
        self._rows = [row[-model.config.block_size :] for row in rows]  # what the window holds
        self._unread = self._rows  # what the model has not read of it: at first everything, later the last id

    def read(self) -> np.ndarray:
        """Read what was appended last; return the logits of the character after each row: logits_BV."""
        return in_turn(self._reader.read, self._unread)

    def append(self, ids_B: list[int]) -> None:
        """Append one id to each row, to be read next."""
        self._grow([[id] for id in ids_B])

    def write(self, count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """Sample and append at least one id and up to `count` to the only row.

        `i` counts the ids that the request has had so far: each number has its own random number under the seed.

        Returns the ids and the model's own probability of each.
        """
        # One more than the window has positions for: the last sampled id is not read in this window.
        remaining = self._config.block_size - len(self._rows[0]) + 1
        ids, probabilities = in_turn(self._reader.write, self._unread[0], min(count, remaining), settings, i)
        self._grow([ids])
        return ids, probabilities

    def select(self, rows: list[int]) -> None:
        """Make row i of the batch a copy of row rows[i]."""
        self._rows, self._unread = ([part[row] for row in rows] for part in (self._rows, self._unread))
        self._reader.select(rows)

    def _grow(self, rows: list[list[int]]) -> None:
        """Append ids to each row, of which the reader has read all but the last."""
        length = len(self._rows[0]) + len(rows[0])
        self._rows = [_extended(self._config, row, ids) for row, ids in zip(self._rows, rows, strict=True)]
        self._unread = [ids[-1:] for ids in rows]
        if len(self._rows[0]) < length:  # a new window, of which nothing has been read
            self._unread = self._rows
            self._reader.clear()


class Character(NamedTuple):
    """One character of a continuation."""

    text: str
    probability: float  # the model's own: before temperature, top-k and top-p

    @property
    def confidence(self) -> str:
        """A digit: the tenths of the probability, rounded down."""
        return str(min(9, int(10 * self.probability)))


def stream(
    model: "GPTLanguageModel | Engine",
    tokenizer: TextEncoderDecoder,
    prompt: str = "",
    settings: SampleConfig | None = None,
) -> Iterator[str]:
    """Generate the continuation of a prompt, piece by piece; close the iterator to stop.

    Joined, the pieces are what `model.generate` returns for the same settings. Without a seed, a fresh one is used;
    pass `settings.seeded()` to know it.

    Args:
        model: a GPTLanguageModel, or an engine that runs one.
        tokenizer: the model's.
        prompt: text to continue, in characters of the vocabulary; an empty one is a newline.
        settings: SampleConfig() if None.

    Raises:
        ValueError: before anything is generated, for unknown characters in the prompt or the stop text (see
            `tokenizer.normalize`), a top_k above the vocabulary, or a beam_width (see beam_search); later, if the
            weights lead to infinities or NaN.
    """
    generated = characters(model, tokenizer, prompt, (settings or SampleConfig()).seeded())
    return (character.text for character in generated)  # unlike map, it can be closed


def characters(
    model: "GPTLanguageModel | Engine",
    tokenizer: TextEncoderDecoder,
    prompt: str,
    settings: SampleConfig,
    forced: Mapping[int, str] | None = None,
) -> Iterator[Character]:
    """Like stream, but yields Characters: each with the model's own probability of it.

    `settings` must have a seed. `forced` maps positions in the continuation to characters that are put there
    instead of sampled ones. Raises what stream does.
    """
    if settings.beam_width is not None:
        raise FieldError("beam_width", f"must be None to sample a text, not {settings.beam_width}: call beam_search")
    settings.check_vocabulary(tokenizer.vocab_size)
    check_stop(tokenizer, settings.stop)
    forced_ids = {position: tokenizer.encode(text)[0] for position, text in (forced or {}).items()}
    generated = (
        Character(tokenizer.vocabulary[id], probability)
        for id, probability in _generated(model, encode_prompt(tokenizer, prompt), settings, forced_ids)
    )
    return until_stop(settings.stop, generated) if settings.stop else generated


def encode_prompt(tokenizer: TextEncoderDecoder, prompt: str) -> list[int]:
    """The ids of a prompt, where an empty one is a newline. Raises ValueError for unknown characters."""
    return tokenizer.encode(prompt or "\n")


def check_stop(tokenizer: TextEncoderDecoder, stop: str | None) -> None:
    """Raise FieldError for a stop text with unknown characters: no text would ever end there."""
    unknown = "".join(dict.fromkeys(each for each in stop or "" if each not in tokenizer.vocabulary))
    if unknown:
        raise unwritable_stop(repr(unknown))


def unwritable_stop(unknown: str) -> FieldError:
    """The error for a stop text with characters that the model does not know."""
    return FieldError("stop", f"must be a text that the model can write: it does not know {unknown:.80}")


def current_window(config: GPTConfig, prompt: list[int], generated: list[int]) -> list[int]:
    """The ids that the model sees when it predicts the next one, after a prompt and what was generated since."""
    row = prompt[-config.block_size :]
    for id in generated:
        row = _extended(config, row, [id])
    return row


def until_stop(stop: str, generated: Iterable[Character]) -> Iterator[Character]:
    """Yield characters until `stop` appears in their text, holding back what may be its beginning."""
    held: list[Character] = []
    for character in generated:
        held.append(character)
        text = "".join(each.text for each in held)
        if text.endswith(stop):
            yield from held[: -len(stop)]
            return
        # Hold back the longest ending of text that could begin `stop`.
        safe = next(i for i in range(len(text) + 1) if stop.startswith(text[i:]))
        yield from held[:safe]
        held = held[safe:]
    yield from held


def _extended(config: GPTConfig, row: list[int], ids: list[int]) -> list[int]:
    """The window after `ids` are appended to it: when it is full, its last half starts the next one."""
    row = [*row, *ids]
    return row if len(row) <= config.block_size else row[-config.kept :]


def _generated(
    model: "GPTLanguageModel | Engine", prompt: list[int], settings: SampleConfig, forced_ids: Mapping[int, int]
) -> Iterator[tuple[int, float]]:
    """Yield each id of the continuation with the model's own probability of it."""
    reader, i = WindowedReader(model, [prompt]), 0
    while i < settings.max_new_tokens:
        if i in forced_ids:
            ids, probabilities = [forced_ids[i]], [probability(reader.read()[0], forced_ids[i])]
            reader.append(ids)
        else:
            free = next((n for n in range(1, _CHUNK) if i + n in forced_ids), _CHUNK)
            ids, probabilities = reader.write(min(free, settings.max_new_tokens - i), settings, i)
        yield from zip(ids, probabilities, strict=True)
        i += len(ids)
