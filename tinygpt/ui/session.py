"""What the page does, without gradio: one loaded model that writes for many visitors."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from threading import Lock
from typing import TypeVar

from tinygpt.by_heart import read_index, stretches
from tinygpt.config import SampleConfig, check_choice
from tinygpt.generation import LanguageModel
from tinygpt.inspection import Candidates, candidates, traced, window_at
from tinygpt.opening import open_model
from tinygpt.shapes import count_parameters
from tinygpt.stored import read_stored
from tinygpt.tokenizer import TextEncoderDecoder
from tinygpt.trace import Trace
from tinygpt.writing import Draft, prepare, write

# A request beside its prompt, in the order in which pages and clients give it.
FIELDS = ("prompt", "length", "temperature", "top_k", "top_p", "seed", "stop", "strategy", "beam_width")
STRATEGIES = ("sample", "greedy", "beam")
UPDATES = 15  # a second, to one visitor: fast enough to look alive
ALL_UPDATES = 150  # a second, to all visitors: gradio carries a few hundred when it has the machine to itself
DEADLINE = 60.0  # seconds after which a text ends, whether or not anybody still reads it

T = TypeVar("T")


@dataclass
class StopSignal:
    """One visitor's way to end the text that is being written for them."""

    reason: str = ""  # why to end it; "" to go on

    def stop(self) -> None:
        """As the button does."""
        self.reason = "stopped"


class Session:
    """A checkpoint at work. Shared by every visitor, and the same text comes from it at any time."""

    def __init__(self, folder: Path, device: str = "auto"):
        """Raises what read_stored raises. Quick: the model is made when it is first asked for."""
        self.folder, self.device = folder, device
        self._stored = read_stored(folder)
        self.config, self.facts = self._stored.config, self._stored.facts
        self.tokenizer = TextEncoderDecoder(self._stored.vocabulary)
        self.parameters = count_parameters(self.config)
        self._index = read_index(folder)
        self._model, self._opening = None, Lock()
        self._under_way: set[object] = set()

    @property
    def ready(self) -> bool:
        """Whether `open` would return at once."""
        return self._model is not None

    def open(self) -> LanguageModel:
        """What writes; whoever asks while it is being made waits. Raises what open_model raises."""
        with self._opening:
            if self._model is None:
                self._model = open_model(self._stored, self.device)
                self._stored = None  # by now the model has them in the form that it needs
            return self._model

    def beside(self, folder: Path) -> "Session":
        """Another checkpoint at work on the same device. Raises what read_stored raises."""
        return Session(folder, self.device)

    def check(self, prompt: object, settings: SampleConfig) -> None:
        """Raise ValueError for a request that `write` would refuse, without starting it."""
        prepare(self.config, self.tokenizer, prompt)
        settings.check_vocabulary(self.tokenizer.vocab_size)

    def by_heart(self, text: str) -> list[tuple[int, int]] | None:
        """See by_heart.stretches; None where the weights came without an index."""
        return None if self._index is None else stretches(self._index, text)

    def candidates(self, prompt: str, before: str, settings: SampleConfig) -> Candidates:
        """See inspection.candidates."""
        return candidates(self.open(), self.tokenizer, prompt, before, settings)

    def window_at(self, prompt: str, continuation: str, place: int) -> tuple[str, int]:
        """See inspection.window_at."""
        return window_at(self.config, self.tokenizer, prompt, continuation, place)

    def trace(self, text: str) -> Trace:
        """See inspection.traced."""
        return traced(self.open(), self.tokenizer, text)

    def write(
        self, prompt: str, settings: SampleConfig, signal: StopSignal, chosen: Mapping[int, str] | None = None
    ) -> Iterator[Draft]:
        """A text as it grows, a few times a second, until it is done, stopped or out of time.

        The first and the last draft are always among those yielded; the signal's reason then tells
        why a text ended early. Raises ValueError, before anything is written, as `check` does.
        """
        return self._paced(write(self.open(), self.tokenizer, prompt, settings, chosen), signal)

    def write_together(
        self, prompt: str, rows: Sequence[SampleConfig], signal: StopSignal, writers: Sequence["Session"] = ()
    ) -> Iterator[list[Draft]]:
        """The same prompt continued with each of several settings, as all of the texts grow. As `write` else.

        `writers` has for each of the settings the session whose model writes; without them it is this one.
        """
        pairs = zip(writers or [self] * len(rows), rows, strict=True)
        texts = [write(writer.open(), writer.tokenizer, prompt, settings) for writer, settings in pairs]
        return self._paced(_side_by_side(texts), signal)

    def _paced(self, drafts: Iterator[T], signal: StopSignal) -> Iterator[T]:
        begun, shown, this = time.monotonic(), -math.inf, object()
        self._under_way.add(this)
        try:
            for draft in drafts:
                now = time.monotonic()
                if now - begun > DEADLINE:
                    signal.reason = f"ended after {DEADLINE:.0f} seconds"
                pending = now - shown < max(1 / UPDATES, len(self._under_way) / ALL_UPDATES)
                if not pending:
                    yield draft
                    shown = now
                if signal.reason:
                    break
            if pending:
                yield draft
        finally:
            self._under_way.discard(this)


def _side_by_side(texts: list[Iterator[Draft]]) -> Iterator[list[Draft]]:
    latest = [next(text) for text in texts]
    yield latest
    for grown in zip_longest(*texts):  # some end earlier
        latest = [new or old for new, old in zip(grown, latest, strict=True)]
        yield latest


def parse_settings(
    length: object,
    temperature: object,
    top_k: object,
    top_p: object,
    seed: object,
    stop: object,
    strategy: object,
    beam_width: object,
) -> SampleConfig:
    """The settings of a request as they come from a page or a client, where nothing can be trusted.

    A seed may be digits in a text, since a browser's numbers cannot hold all 64 bits; an empty
    seed or stop is none. Raises ValueError, beginning with the name of the field at fault.
    """
    check_choice("strategy", strategy, STRATEGIES)
    if strategy == "beam" and beam_width is None:
        raise ValueError("beam_width must be a whole number from 1 to 8 for the strategy beam, not None")
    if isinstance(seed, str):
        seed = seed.strip() or None
        if seed and seed.isascii() and seed.isdigit() and len(seed) <= 20:
            seed = int(seed)
    config = SampleConfig(
        max_new_tokens=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=None if stop == "" else stop,
        beam_width=beam_width,
    )
    return replace(
        config,
        temperature=0 if strategy == "greedy" else config.temperature,
        beam_width=config.beam_width if strategy == "beam" else None,
    )
