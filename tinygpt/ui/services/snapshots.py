"""Snapshots of a training run: checkpoints that it saved on its way, each of which can write."""

import logging
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path

from tinygpt.checkpoint.reading import HISTORY, read_facts
from tinygpt.ui.services.session import Session

MAX_SNAPSHOTS = 6  # of a run that was trained on the page
_FOLDER = re.compile(r"step-([0-9]{6,9})")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """The weights of a training run after some step."""

    published: Session  # of the weights that the run published
    folder: Path
    step: int
    loss: float | None  # on the whole validation text, in nats per character; None if it was not measured
    sha256: str

    @cached_property
    def session(self) -> Session:
        """A session that writes with these weights, made at the first access.

        Two threads at the first access may both make one; one of the two is kept. Raises ValueError when the files
        are damaged by now.
        """
        if self.sha256 == self.published.facts["weights_sha256"]:
            return self.published
        try:
            return Session(self.folder, self.published.device)
        except (OSError, ValueError) as error:  # its message names a folder, which visitors need not see
            _log.warning("The snapshot of step %d cannot be used: %s", self.step, error)
            raise ValueError(f"the snapshot of step {self.step:,} is damaged or gone: choose another") from None


def read_snapshots(published: Session) -> list[Snapshot]:
    """The snapshots of the run that published these weights, in order of steps, without damaged ones. Read once."""
    return published.once(_find_snapshots)


def _find_snapshots(published: Session) -> list[Snapshot]:
    found = {}
    for folder in sorted((published.run / HISTORY).glob("step-*")):
        try:
            facts = read_facts(folder)
        except (OSError, ValueError) as error:
            _log.warning("Leaving out a snapshot: %s", error)
            continue
        loss = facts.get("validation_loss")
        if (step := facts.get("steps", 0)) > 0:
            measured = loss if loss is not None and isfinite(loss) else None
            found[step] = Snapshot(published, folder, step, measured, facts["weights_sha256"])
    facts = published.facts
    if found and (step := facts.get("steps")) and step not in found:  # of a run that was stopped, or its best weights
        found[step] = Snapshot(published, published.folder, step, facts.get("validation_loss"), facts["weights_sha256"])
    return [found[step] for step in sorted(found)]


def thin_snapshots(run: Path) -> None:
    """Delete snapshots of a run, where there are more than MAX_SNAPSHOTS: those that came soon after others.

    The first and the last one stay. One that cannot be deleted is logged.
    """
    steps = sorted(int(found[1]) for each in (run / HISTORY).glob("*") if (found := _FOLDER.fullmatch(each.name)))
    while len(steps) > MAX_SNAPSHOTS:
        soon = min(range(1, len(steps)), key=lambda i: steps[i] / steps[i - 1])
        try:
            shutil.rmtree(run / HISTORY / f"step-{steps.pop(min(soon, len(steps) - 2)):06}")
        except OSError as error:
            _log.warning("A snapshot that is no longer needed stays: %s", error)
