"""The text that a visitor trains on: pasted or uploaded, and checked before anything is trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from tinygpt.data.memorization import read_training_split
from tinygpt.page.examples import TEXT_FILE
from tinygpt.presets import PRESETS
from tinygpt.system.shell import own_command
from tinygpt.ui.services.session import Session

if TYPE_CHECKING:
    from tinygpt.data.dataset import Dataset

MAX_TEXT_BYTES = 20_000_000


def read_training_text(pasted: object, upload: str | None) -> bytes:
    """The text that a visitor pasted, or the file they uploaded, by its path.

    Raises ValueError if there is neither or both, or if the text is too large.
    """
    pasted = pasted if isinstance(pasted, str) else ""
    if upload and pasted.strip():
        raise ValueError("there are two texts, a pasted one and a file: clear the box, or remove the file")
    try:
        content = Path(upload).read_bytes() if upload else pasted.encode()
    except UnicodeEncodeError:
        raise ValueError("the pasted text ends or begins in the middle of a character: paste it again") from None
    except OSError:
        raise ValueError("the file is no longer there: choose it again") from None
    if not content.strip():
        problem = "the file is empty" if upload else "there is no text yet"
        raise ValueError(f"{problem}: paste a few pages, or choose a text file")
    if len(content) > MAX_TEXT_BYTES:
        raise ValueError(
            f"the text is too large: it has {len(content) / 1e6:.1f} MB, and the page takes at most "
            f"{MAX_TEXT_BYTES / 1e6:.0f} MB. Train on it in a terminal: {own_command('train', '--data', 'FILE')}"
        )
    return content


def times_read(session: Session, steps: int) -> float:
    """How often so many steps of a session's run read the text that it learns from, on average; 0 if unknown."""
    length, batch_size = session.once(_training_length), session.facts.get("training", {}).get("batch_size", 0)
    return steps * batch_size * session.config.block_size / length if length else 0


def _training_length(session: Session) -> int:
    """How many characters a session's run learns from; 0 if its text is not at hand."""
    path = session.run / TEXT_FILE
    if not path.is_file():
        return 0
    try:
        return len(read_training_split(path))
    except (OSError, ValueError):
        return 0  # what is memorized cannot be told either, which is logged


def check_length(dataset: "Dataset", preset: str) -> None:
    """Raise ValueError unless both splits of a text are longer than a preset's context."""
    context = PRESETS[preset].model.block_size
    if min(len(dataset.train), len(dataset.validation)) <= context:  # the last tenth is kept for validation
        length = len(dataset.train) + len(dataset.validation)
        raise ValueError(
            f"the text is too short: it has {length:,} characters, and this model "
            f"needs at least {10 * (context + 1):,}. Add more text, or choose a model that sees fewer letters at a time"
        )
