"""The text that a visitor trains on: pasted or uploaded, and checked before anything is trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from tinygpt.presets import PRESETS
from tinygpt.system.shell import own_command

if TYPE_CHECKING:
    from tinygpt.data.dataset import Dataset

MAX_TEXT_BYTES = 20_000_000


def read_training_text(pasted: object, upload: str | None) -> bytes:
    """The text that a visitor pasted, or the file they uploaded, by its path.

    Raises ValueError if there is neither or both, or if the text is too large.
    """
    pasted = pasted if isinstance(pasted, str) else ""
    if upload and pasted.strip():
        raise ValueError("there are a pasted text and a file: empty the box, or remove the file")
    try:
        content = Path(upload).read_bytes() if upload else pasted.encode()
    except UnicodeEncodeError:
        raise ValueError("the pasted text has half a character, which no text file can hold: paste it again") from None
    except OSError:
        raise ValueError("the file is no longer there: choose it again") from None
    if not content.strip():
        problem = "the file is empty" if upload else "there is no text yet"
        raise ValueError(f"{problem}: paste some pages of text, or choose a text file")
    if len(content) > MAX_TEXT_BYTES:
        raise ValueError(
            f"the text has {len(content) / 1e6:.1f} MB, and the page takes {MAX_TEXT_BYTES / 1e6:.0f}: "
            f"train on it in a terminal, by {own_command('train', '--data', 'FILE')}"
        )
    return content


def check_length(dataset: "Dataset", preset: str) -> None:
    """Raise ValueError unless both splits of a text are longer than a preset's context."""
    context, shorter = PRESETS[preset].model.block_size, min(len(dataset.train), len(dataset.validation))
    if shorter <= context:
        raise ValueError(
            f"the text is too short for {preset}: its last tenth is kept for validation and must be longer than the "
            f"{context} characters that the model sees at once, but has only {shorter}; use a text of at least "
            f"{10 * (context + 1):,} characters"
        )
