"""Sessions: a loaded model that writes for many visitors at once."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.config import SampleConfig
from tinygpt.data.memorization import memorized_spans, read_index, read_training_split, spans_in_training_text
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.hub.files import CARD
from tinygpt.inference.continuation import Continuation, prepare, write
from tinygpt.inference.inspection import (
    Candidates,
    CharacterReading,
    activations,
    attention_bytes,
    candidates,
    read_character,
    window_at,
)
from tinygpt.inference.loading import open_engine
from tinygpt.inference.sample import opening_sample
from tinygpt.page.examples import TEXT_FILE, examples_for
from tinygpt.request import GenerationRequest, ProbabilitiesRequest

UPDATES_PER_SECOND = 15  # to one visitor: enough for the text to look alive
TOTAL_UPDATES_PER_SECOND = 150  # to all visitors: gradio delivers a few hundred if nothing else uses the machine
MAX_CONCURRENT_TEXTS = 64
MAX_REQUESTS = MAX_CONCURRENT_TEXTS + 40  # that are answered or wait for it; later ones are refused
DEADLINE = 60.0  # seconds after which a text ends, whether or not anybody still reads it

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass
class StopSignal:
    """Ends the text that is being written for one visitor."""

    reason: str = ""  # why the text is to end; "" while it may go on

    def stop(self) -> None:
        """End the text with the reason "stopped"."""
        self.reason = "stopped"


class Session:
    """A checkpoint and the engine that writes with it, shared by all visitors."""

    def __init__(self, folder: Path, device: str = "auto", run: Path | None = None):
        """Read a checkpoint without loading its engine, which is quick. Raises as read_checkpoint does.

        `run` is the folder of the training run that it comes from, with the run's text, metrics and snapshots, if that
        is not the checkpoint's own.
        """
        self.folder, self.device, self.run = folder, device, run or folder
        self._checkpoint = read_checkpoint(folder)
        self.config, self.facts = self._checkpoint.config, self._checkpoint.facts
        self.tokenizer = TextEncoderDecoder(self._checkpoint.vocabulary)
        self.parameters = sum(tensor.size for tensor in self._checkpoint.tensors.values())
        self._index = read_index(folder)
        self.sample = opening_sample(folder, self._checkpoint)
        self.examples = examples_for(self.run, self.tokenizer.vocabulary)
        self._engine, self._loading = None, Lock()
        self._computed: dict[Callable[[Session], Any], Any] = {}
        self._texts_being_written: set[object] = set()

    @property
    def model_card(self) -> Path | None:
        """The file that describes the weights; None if there is none beside them."""
        return card if (card := self.folder / CARD).is_file() else None

    @property
    def loaded(self) -> bool:
        """Whether `engine` returns at once."""
        return self._engine is not None

    def engine(self) -> Engine:
        """The engine, loaded at the first call; other threads wait for it. Raises as open_engine does.

        It may be slow at first (see open_engine).
        """
        with self._loading:
            if self._engine is None:
                self._engine = open_engine(self._checkpoint, self.device, at_once=True)
                self._checkpoint = None  # the engine has its own copy of the tensors
            return self._engine

    def once(self, compute: "Callable[[Session], T]") -> T:
        """What a function says of this session, from the first call on: it is kept as long as the session is."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return self._computed[compute]

    def check(self, request: GenerationRequest | ProbabilitiesRequest) -> str:
        """The normalized prompt of a request. Raises FieldError for a request that would be refused."""
        prompt, _, _ = prepare(self.config, self.tokenizer, request)
        return prompt

    def memorized_spans(self, text: str) -> list[tuple[int, int]] | None:
        """The spans of a text that occur in the training text, told by that text itself if the run's folder has it.

        None for weights with neither their text nor a memorization index.
        """
        path = self.run / TEXT_FILE
        if path.is_file():
            try:
                return spans_in_training_text(read_training_split(path), text)
            except (OSError, ValueError) as error:
                _log.warning("What is memorized cannot be told: %s", error)
        return None if self._index is None else memorized_spans(self._index, text)

    def candidates(self, prompt: str, before: str, settings: SampleConfig) -> Candidates:
        """The candidates for the character after `before`, the beginning of a continuation of `prompt`."""
        return candidates(self.engine(), self.tokenizer, prompt, before, settings)

    def probabilities(self, request: ProbabilitiesRequest) -> list[tuple[str, float]]:
        """The characters that may come first in a continuation, with their probabilities, the likeliest first.

        Raises ValueError as `check` does.
        """
        kept_V = self.candidates(self.check(request), "", request.sample_config()).kept_V
        likeliest = np.argsort(-kept_V, kind="stable")[: request.top]
        return [(self.tokenizer.vocabulary[id], float(kept_V[id])) for id in likeliest if kept_V[id]]

    def window_at(self, prompt: str, continuation: str, position: int) -> tuple[str, int]:
        """The window in which the model reads the character at `position`, and its index in it."""
        return window_at(self.config, self.tokenizer, prompt, continuation, position)

    def attention_bytes(self, text: str) -> np.ndarray:
        """The attention of every head over a text of at most one window, for display: uint8 of shape LHTT."""
        return attention_bytes(activations(self.engine(), self.tokenizer, text))

    def read_character(
        self, text: str, layer: int, head: int, settings: SampleConfig, position: int
    ) -> CharacterReading:
        """How the model reads the last character of a text, and predicts the one at `position` of the continuation."""
        return read_character(activations(self.engine(), self.tokenizer, text), layer, head, settings, position)

    def write(
        self, request: GenerationRequest, signal: StopSignal, forced: Mapping[int, str] | None = None
    ) -> Iterator[Continuation]:
        """Yield a text as it grows, at most UPDATES_PER_SECOND times per second, until it is done or stopped.

        The first character and the last state of the text are always yielded. A text that is still growing after
        DEADLINE seconds ends there. The signal's reason then says why a text ended early. Raises ValueError, before
        anything is written, as `check` does.
        """
        return self._paced(write(self.engine(), self.tokenizer, request, forced), signal)

    def write_together(
        self, requests: Sequence[GenerationRequest], signal: StopSignal, sessions: Sequence["Session"] = ()
    ) -> Iterator[list[Continuation]]:
        """Yield several texts as they grow side by side; otherwise like `write`.

        `sessions` holds the session that writes each request; by default this session writes all of them.
        """
        pairs = zip(sessions or [self] * len(requests), requests, strict=True)
        texts = [write(session.engine(), session.tokenizer, request) for session, request in pairs]
        return self._paced(_side_by_side(texts), signal)

    def _paced(self, states: Iterator[T], signal: StopSignal) -> Iterator[T]:
        """Yield some of a text's states: the first with characters, the last, and those that are due in between."""
        start, last_update, this, pending = time.monotonic(), -math.inf, object(), True
        self._texts_being_written.add(this)
        try:
            state = next(states)  # has no characters yet
            for state in states:
                now = time.monotonic()
                if now - start > DEADLINE:
                    signal.reason = f"ended after {DEADLINE:.0f} seconds"
                interval = max(1 / UPDATES_PER_SECOND, len(self._texts_being_written) / TOTAL_UPDATES_PER_SECOND)
                pending = now - last_update < interval
                if not pending:
                    yield state
                    # From when the update was delivered: while that takes long, each carries more of the text.
                    last_update = time.monotonic()
                if signal.reason:
                    break
            if pending:
                yield state
        finally:
            self._texts_being_written.discard(this)


def _side_by_side(texts: list[Iterator[Continuation]]) -> Iterator[list[Continuation]]:
    """Yield the current states of several texts, each a character further; those that have ended stay."""
    latest = [next(text) for text in texts]
    yield latest
    for grown in zip_longest(*texts):
        latest = [new or old for new, old in zip(grown, latest, strict=True)]
        yield latest
