"""Example prompts that suit the chosen weights."""

import logging
from pathlib import Path

EXAMPLES = (
    "ROMEO:\n",
    "First Citizen:\nWho hath hidden the charger of my phone?\n\nSecond Citizen:\n",
    "KING RICHARD:\nMy coffee is grown cold, and",
    "JULIET:\nThe moon is late to-night. O, tell me,",
)
TEXT_FILE = "text.txt"  # the training text, in the folder of a run that was started on the page

_MAX_READ = 100_000  # characters of the training text
_MAX_LENGTH = 40  # characters of an example

_log = logging.getLogger(__name__)


def examples_for(folder: Path) -> tuple[str, ...]:
    """At most four prompts for the weights in a folder: lines from the text beside them, or Shakespeare's."""
    path = folder / TEXT_FILE
    if not path.is_file():
        return EXAMPLES
    try:
        with path.open(encoding="utf-8-sig") as file:
            return openings(file.read(_MAX_READ)) or EXAMPLES
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("The examples are Shakespeare's, since %s cannot be read: %s", path, error)
        return EXAMPLES


def openings(text: str) -> tuple[str, ...]:
    """The beginnings of at most four different lines, spread evenly over a text."""
    lines = list(dict.fromkeys(_opening(line.strip()) for line in text.splitlines() if line.strip()))
    count = min(len(EXAMPLES), len(lines))
    return tuple(lines[number * len(lines) // count] for number in range(count))


def label(example: str) -> str:
    """The label of an example's button: the speaker, or the first words."""
    line = example.strip().split("\n")[0]
    speaker = line.split(":")[0] or line
    return speaker if len(speaker) <= 20 else f"{speaker[:20].rstrip()} …"


def _opening(line: str) -> str:
    """A line, or its first words; a speaker's name keeps its newline."""
    if len(line) <= _MAX_LENGTH:
        return f"{line}\n" if line.endswith(":") else line
    return line[:_MAX_LENGTH].rsplit(" ", 1)[0]
