"""What ends a run whose loss is no longer a number."""

from pathlib import Path

from tinygpt.checkpoint.reading import WEIGHTS


class DivergenceError(FloatingPointError):
    """The loss of a run is infinite or not a number. `problem` is the part of the message that says where."""

    def __init__(self, loss: float, step: int, folder: Path):
        self.problem = f"the loss became {loss} at step {step}"
        kept = f"what was saved before is kept in {folder}; " if (folder / WEIGHTS).exists() else ""
        super().__init__(f"{self.problem}; {kept}start again with a lower learning rate, in another folder")
