"""What a run wrote on its way: one prompt, one seed, every snapshot of the training side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import isfinite
from pathlib import Path

import gradio as gr

from tinygpt.stored import HISTORY, read_facts
from tinygpt.ui import render
from tinygpt.ui.columns import Column, Stretches, legend, side_by_side
from tinygpt.ui.session import Session, StopSignal, parse_settings
from tinygpt.ui.shelf import Shelf
from tinygpt.writing import Draft

LENGTH = 300  # characters of each
TEMPERATURE = 0.8


@dataclass(frozen=True)
class Snapshot:
    """The weights that a run had after a step."""

    served: Session  # of the page that shows it
    folder: Path
    step: int
    loss: float | None  # over the whole held-out text, in nats; None where it was not measured
    sha256: str

    @property
    def heading(self) -> str:
        """As people read it."""
        return f"step {self.step:,}" + ("" if self.loss is None else f" · {self.loss:.2f} nats")

    @cached_property
    def session(self) -> Session:
        """What writes with it, read when it is first asked for. Raises ValueError when its files are no longer whole.

        Two who ask at the same moment may both read it; one of the two is kept.
        """
        if self.sha256 == self.served.facts["weights_sha256"]:
            return self.served
        try:
            return self.served.beside(self.folder)
        except (OSError, ValueError):  # whose words name folders of this machine
            raise ValueError(f"the snapshot of step {self.step:,} is no longer whole") from None


@dataclass
class Board:
    """What stands in one visitor's columns."""

    texts: dict[int, tuple[str, Stretches]] = field(default_factory=dict)  # by step: a text and what is by heart of it
    here: int | None = None  # the step whose point was pressed
    signal: StopSignal = field(default_factory=StopSignal)

    def begin(self) -> StopSignal:
        """A signal for a new text; the one that is being written ends."""
        self.signal.stop()
        self.signal = StopSignal()
        return self.signal

    def stop(self) -> None:
        """As the button does."""
        self.signal.stop()

    def put(self, snapshots: Sequence[Snapshot], drafts: Sequence[Draft], by_heart: Sequence[Stretches]) -> None:
        """Replace the texts of some snapshots."""
        for snapshot, draft, known in zip(snapshots, drafts, by_heart, strict=True):
            self.texts[snapshot.step] = draft.continuation, known

    def html(self, served: Session) -> str:
        """The columns, those without a text too."""
        columns = []
        for snapshot in read_snapshots(served):
            text, by_heart = self.texts.get(snapshot.step, ("", ()))
            here = snapshot.step == self.here
            columns.append(Column(snapshot.heading, text, None, by_heart, str(snapshot.step), here))
        return side_by_side(columns)


@cache
def read_snapshots(served: Session) -> list[Snapshot]:
    """Those of a run, the earliest first, without any that is broken; none where it kept none. Read once."""
    found = {}
    for each in sorted((served.folder / HISTORY).glob("step-*")):
        try:
            facts = read_facts(each)
        except (OSError, ValueError):
            continue
        loss = facts.get("validation_loss")
        if (step := facts.get("steps", 0)) > 0:
            measured = loss if loss is not None and isfinite(loss) else None
            found[step] = Snapshot(served, each, step, measured, facts["weights_sha256"])
    return [found[step] for step in sorted(found)]


def write_snapshots(
    shelf: Shelf, weights: str, prompt: str, seed: str, board: Board, step: object = None
) -> Iterator[tuple]:
    """Columns and status while the snapshots of some weights' run write: all of them, or the one of a step alone.

    The other columns stay as they are. Nothing comes where there is no snapshot of that step.
    """
    signal = board.begin()
    try:
        served = shelf[weights]
        writers = [each for each in read_snapshots(served) if step in (None, each.step)]
        if not writers:
            return
        if not served.ready:
            yield gr.skip(), render.getting_ready()
        settings = parse_settings(LENGTH, TEMPERATURE, None, None, seed, None, "sample", None).seeded()
        served.check(prompt, settings)
        sessions = [writer.session for writer in writers]
    except ValueError as error:
        yield gr.skip(), render.refusal(error)
        return
    board.here = step
    for drafts in served.write_together(prompt, [settings] * len(writers), signal, sessions):
        if board.signal is not signal:
            break
        board.put(writers, drafts, [()] * len(drafts))
        yield board.html(served), render.together(drafts[0])
    if board.signal is not signal:  # the visitor has asked for something else since
        yield gr.skip(), gr.skip()  # when this ends gradio sends what it said last once more: not an old text
        return
    known = [served.by_heart(draft.continuation) or () for draft in drafts]
    board.put(writers, drafts, known)
    yield board.html(served), render.together(drafts[0], legend(known), ended=signal.reason)
