"""Snapshots of a training run: checkpoints that it saved on its way, each of which can write."""

import logging
from dataclasses import dataclass
from functools import cache, cached_property
from math import isfinite
from pathlib import Path

from tinygpt.checkpoint.reading import HISTORY, read_facts
from tinygpt.ui.services.session import Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """The weights of a training run after some step."""

    published: Session  # of the weights that the run published
    folder: Path
    step: int
    loss: float | None  # on the whole validation text, in nats per character; None if it was not measured
    sha256: str

    @property
    def heading(self) -> str:
        """Step and loss, for people."""
        return f"step {self.step:,}" + ("" if self.loss is None else f" · {self.loss:.2f} nats")

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


@cache
def read_snapshots(published: Session) -> list[Snapshot]:
    """The snapshots of the run that published these weights, in order of steps, without damaged ones. Read once."""
    found = {}
    for folder in sorted((published.folder / HISTORY).glob("step-*")):
        try:
            facts = read_facts(folder)
        except (OSError, ValueError) as error:
            _log.warning("Leaving out a snapshot: %s", error)
            continue
        loss = facts.get("validation_loss")
        if (step := facts.get("steps", 0)) > 0:
            measured = loss if loss is not None and isfinite(loss) else None
            found[step] = Snapshot(published, folder, step, measured, facts["weights_sha256"])
    return [found[step] for step in sorted(found)]
