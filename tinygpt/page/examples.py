"""Example prompts that suit the chosen weights."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from tinygpt.data.text_files import open_text

EXAMPLES = (
    "ROMEO:\n",
    "First Citizen:\nWho hath hidden the charger of my phone?\n\nSecond Citizen:\n",
    "KING RICHARD:\nMy coffee is grown cold, and",
    "JULIET:\nThe moon is late to-night. O, tell me,",
)
TEXT_FILE = "text.txt"  # the training text, in the folder of a run that was started on the page

_MAX_READ = 100_000  # characters of the training text
_MAX_LENGTH = 40  # characters of an example
_MAX_LABEL = 20  # and of its label
_CLOSING = "\"'”’»)]"
_SENTENCE_END = re.compile(rf"[.!?…]+[{re.escape(_CLOSING)}]*\s+|[。！？]+[”’」』）]*\s*")
_WORDS = re.compile(r"\S+(?:\s+\S+){0,7}")
_LINE_START = re.compile(r"\d*[^\W\d_]|\d")  # a letter, perhaps after a number

_log = logging.getLogger(__name__)


def examples_for(folder: Path, vocabulary: str) -> tuple[str, ...]:
    """At most four prompts for the weights of the run in a folder, which know these characters.

    They come from the text beside the weights; without one, they are Shakespeare's.
    """
    path = folder / TEXT_FILE
    if not path.is_file():
        return EXAMPLES
    try:
        text = next(open_text(path).chunks(), "")
    except (OSError, ValueError) as error:
        _log.warning("The examples are Shakespeare's, since %s cannot be read: %s", path, error)
        return EXAMPLES
    return openings(text, vocabulary) or EXAMPLES


def openings(text: str, vocabulary: str = "") -> tuple[str, ...]:
    """The beginnings of at most four different parts of a text, spread evenly over it, with which it can be continued.

    The parts are paragraphs (stanzas, speeches, functions), or in a text that has no two of them, lines that seem to
    begin something, or else sentences, or any lines, or groups of words. With a `vocabulary`, no beginning has other
    characters.
    """
    if len(text) > _MAX_READ:
        text = text[:_MAX_READ].rsplit(None, 1)[0]  # the last word may be cut off
    known, found = set(vocabulary or text), []
    for divide in (_paragraphs, _first_lines, _sentences, str.splitlines, _WORDS.findall):
        different: dict[str, str] = {}  # by what people see first of them
        for part in divide(text):
            opening = _opening(part.strip())
            if opening and set(opening) <= known:
                different.setdefault(label(opening), opening)
        found = max(found, list(different.values()), key=len)
        if len(found) > 1:
            break
    count = min(len(EXAMPLES), len(found))
    return tuple(found[number * len(found) // count] for number in range(count))


def label(example: str) -> str:
    """The label of an example's button: the speaker, or the first words."""
    line = example.strip().split("\n")[0]
    speaker = line.split(":")[0] or line
    return speaker if len(speaker) <= _MAX_LABEL else f"{_whole_words(speaker, _MAX_LABEL)} …"


def _paragraphs(text: str) -> list[str]:
    """The parts of a text between blank lines."""
    return re.split(r"\n\s*\n", text)


def _first_lines(text: str) -> Iterator[str]:
    """Lines that seem to begin something: what is not indented, follows no line that breaks off, or is capitalized."""
    broken_off = False
    for line in text.split("\n"):
        letter = _LINE_START.match(line)
        if letter and not (broken_off and letter[0].islower()):
            yield line
        broken_off = line.rstrip()[-1:].isalpha() or line.rstrip().endswith((",", "-"))


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text) if any(map(str.isalpha, part))]


def _opening(part: str) -> str:
    """The first line of a part, or its first words; a speaker's name keeps its newline."""
    line = part.split("\n", 1)[0].rstrip()
    if len(line) > _MAX_LENGTH:
        return _whole_words(line, _MAX_LENGTH)
    return f"{line}\n" if line.endswith(":") else line


def _whole_words(line: str, length: int) -> str:
    """The words of a line that fit into a length: at least a part of the first one."""
    ends_with_word = any(map(str.isspace, line[length - 1 : length + 1]))
    return line[:length].rstrip() if ends_with_word else line[:length].rsplit(None, 1)[0]
