"""What a run wrote on its way: one prompt, one seed, every snapshot of the training side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from pathlib import Path

import gradio as gr

from tinygpt.config import MAX_PROMPT
from tinygpt.stored import read_facts
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, WRITERS
from tinygpt.ui.columns import Column, Stretches, legend, side_by_side
from tinygpt.ui.session import Session, StopSignal, parse_settings
from tinygpt.writing import Draft

LENGTH = 300  # characters of each
TEMPERATURE = 0.8
INVITATION = "The same dice for all: press a point of the curve, or write with every snapshot."


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

    def html(self, snapshots: Sequence[Snapshot]) -> str:
        """The columns, those without a text too."""
        columns = []
        for snapshot in snapshots:
            text, by_heart = self.texts.get(snapshot.step, ("", ()))
            here = snapshot.step == self.here
            columns.append(Column(snapshot.heading, text, None, by_heart, str(snapshot.step), here))
        return side_by_side(columns)


def read_snapshots(served: Session, folder: Path) -> list[Snapshot]:
    """Those in a run's history, the earliest first, without any that is broken; none where there is no history."""
    found = {}
    for each in sorted(folder.glob("step-*")):
        try:
            facts = read_facts(each)
        except (OSError, ValueError):
            continue
        loss = facts.get("validation_loss")
        if (step := facts.get("steps", 0)) > 0:
            measured = loss if loss is not None and isfinite(loss) else None
            found[step] = Snapshot(served, each, step, measured, facts["weights_sha256"])
    return [found[step] for step in sorted(found)]


@dataclass(frozen=True)
class Course:
    """The snapshots of the served weights' training, and what the page does with them."""

    session: Session
    snapshots: list[Snapshot]

    def layout(self, curves: str) -> None:
        """Lay out the curves, a chart with a point for each snapshot, and below them the texts; wire them."""
        board = gr.State(Board())  # each visitor gets a copy
        with gr.Row():
            with gr.Column(scale=7, min_width=320):
                points = gr.HTML(curves, elem_id="points", js_on_load="window.tinygpt.points(element, trigger)")
            with gr.Column(scale=5, min_width=320):
                prompt = gr.Textbox("ROMEO:\n", label="Prompt for all", lines=3, max_length=MAX_PROMPT)
                seed = gr.Textbox("1564", label="Seed for all", max_length=20)
                with gr.Row():
                    start = gr.Button("Write with every snapshot", variant="primary", scale=2, min_width=90)
                    stop = gr.Button("Stop", min_width=60)
                status = gr.HTML(f'<p class="status">{INVITATION}</p>', elem_id="learned-status")
        empty = Board().html(self.snapshots)
        texts = gr.HTML(empty, elem_id="learned", js_on_load="window.tinygpt.columns(element)")
        writing = {"inputs": [prompt, seed, board], "outputs": [texts, status], "concurrency_id": WRITERS, **QUIET}
        writing["trigger_mode"] = "multiple"  # a new wish ends the text before it
        gr.on([start.click, prompt.submit, seed.submit], self.write_all, **writing)
        points.select(self.write_one, **writing)
        stop.click(Board.stop, board, queue=False, **QUIET)

    def write_all(self, prompt: str, seed: str, board: Board) -> Iterator[tuple]:
        """At the button."""
        yield from self._written(self.snapshots, None, prompt, seed, board)

    def write_one(self, prompt: str, seed: str, board: Board, event: gr.EventData) -> Iterator[tuple]:
        """At a press on a point: the text of its snapshot alone."""
        try:
            pressed = [each for each in self.snapshots if each.step == event.step]
        except (AttributeError, TypeError):  # not from our page
            return
        if pressed:
            yield from self._written(pressed, pressed[0].step, prompt, seed, board)

    def _written(
        self, writers: list[Snapshot], here: int | None, prompt: str, seed: str, board: Board
    ) -> Iterator[tuple]:
        """Columns and status while some of the texts grow; the other columns stay as they are."""
        if not self.session.ready:
            yield gr.skip(), render.getting_ready()
        try:
            settings = parse_settings(LENGTH, TEMPERATURE, None, None, seed, None, "sample", None).seeded()
            self.session.check(prompt, settings)
            sessions = [writer.session for writer in writers]
        except ValueError as error:
            yield gr.skip(), render.refusal(error)
            return
        signal, board.here = board.begin(), here
        for drafts in self.session.write_together(prompt, [settings] * len(writers), signal, sessions):
            if board.signal is not signal:
                break
            board.put(writers, drafts, [()] * len(drafts))
            yield board.html(self.snapshots), render.together(drafts[0])
        if board.signal is not signal:  # the visitor has asked for something else since
            yield gr.skip(), gr.skip()  # when this ends gradio sends what it said last once more: not an old text
            return
        known = [self.session.by_heart(draft.continuation) or () for draft in drafts]
        board.put(writers, drafts, known)
        yield board.html(self.snapshots), render.together(drafts[0], legend(known), ended=signal.reason)
