"""Prompts to begin with, which go with the weights."""

from pathlib import Path

EXAMPLES = (
    "ROMEO:\n",
    "First Citizen:\nWho hath hidden the charger of my phone?\n\nSecond Citizen:\n",
    "KING RICHARD:\nMy coffee is grown cold, and",
    "JULIET:\nThe moon is late to-night. O, tell me,",
)
TEXT = "text.txt"  # in the folder of a run that began on the page: what it learns from

_READ = 100_000  # characters of a text in which openings are looked for
_LONGEST = 40


def examples_for(folder: Path) -> tuple[str, ...]:
    """At most four prompts for the weights in a folder: openings of the text beside them, or Shakespeare's."""
    try:
        with open(folder / TEXT, encoding="utf-8-sig") as file:
            return openings(file.read(_READ)) or EXAMPLES
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return EXAMPLES


def openings(text: str) -> tuple[str, ...]:
    """The beginnings of a few different lines, from all over a text."""
    lines = list(dict.fromkeys(_opening(line.strip()) for line in text.splitlines() if line.strip()))
    count = min(len(EXAMPLES), len(lines))
    return tuple(lines[number * len(lines) // count] for number in range(count))


def label(example: str) -> str:
    """What stands on the button: who speaks, or the first words."""
    line = example.strip().split("\n")[0]
    speaker = line.split(":")[0] or line
    return speaker if len(speaker) <= 20 else f"{speaker[:20].rstrip()} …"


def _opening(line: str) -> str:
    """A line, or its first words; a speaker's name keeps its line end."""
    if len(line) <= _LONGEST:
        return f"{line}\n" if line.endswith(":") else line
    return line[:_LONGEST].rsplit(" ", 1)[0]
