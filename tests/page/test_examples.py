"""Example prompts for the chosen weights."""

from pathlib import Path

import pytest

from tinygpt.page.examples import EXAMPLES, TEXT_FILE, examples_for, label, openings

PROSE = """\
It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief. It was the winter of
despair.

There were a king with a large jaw and a queen with a plain face, on the
throne of England; there were a king with a large jaw and a queen with a fair face.
"""
VERSE = """\
Shall I compare thee to a summer’s day?
Thou art more lovely and more temperate.
Rough winds do shake the darling buds of May,
And summer’s lease hath all too short a date;

Sometime too hot the eye of heaven shines,
And often is his gold complexion dimmed;
"""
CODE = '''\
import os

def write(path, text):
    """Write a text."""
    with open(path, "w") as file:
        file.write(text)


class Reader:
    def read(self):
        return self.file.read()
'''


def test_examples_come_from_the_text_beside_the_weights_or_from_shakespeare(tmp_path: Path):
    assert examples_for(tmp_path / "missing", "abc") == examples_for(tmp_path, "abc") == EXAMPLES
    text = "Dear diary,\n\nToday it rained.\nToday it rained.\nTea: hot\n"
    for encoding in ("utf-8-sig", "utf-16"):  # all that can be trained on
        (tmp_path / TEXT_FILE).write_text(text, encoding=encoding)
        assert examples_for(tmp_path, text) == ("Dear diary,", "Today it rained.")
    assert examples_for(tmp_path, text.replace("T", "")) == ("Dear diary,",)  # the weights know only these
    (tmp_path / TEXT_FILE).write_bytes(b"\n \n")
    assert examples_for(tmp_path, text) == EXAMPLES


def test_a_text_that_cannot_be_read_is_told_and_done_without(tmp_path: Path, caplog):
    (tmp_path / TEXT_FILE).write_bytes(b"\xff\xfe\xff")
    assert examples_for(tmp_path, "abc") == EXAMPLES
    assert f"{tmp_path / TEXT_FILE} cannot be read" in caplog.text
    (tmp_path / TEXT_FILE).unlink()
    (tmp_path / TEXT_FILE).mkdir()
    assert examples_for(tmp_path, "abc") == EXAMPLES


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (PROSE, ["It was the best of times, it was the", "There were a king with a large jaw and a"]),
        (
            PROSE.replace("\n", " "),
            ["It was the best of times, it was the", "It was the winter of despair", "There were a king with a large"],
        ),
        (VERSE, ["Shall I compare thee to a summer’s day?", "Sometime too hot the eye of heaven"]),
        (VERSE.split("\n\n")[0], ["Shall I", "Thou art", "Rough winds", "And summer’s"]),
        (CODE, ["import os", "def write(path, text):\n", "class Reader:\n"]),
        ("ROMEO:\nO!\n\nJULIET:\nAy me!\n\nROMEO:\nO, speak!\n", ["ROMEO:\n", "JULIET:\n"]),
        ("one two three four five six seven eight nine ten", ["one two three four five six seven eight", "nine ten"]),
        ("吾輩は猫である。名前はまだ無い。どこで生れたか。", ["吾輩は猫である", "名前はまだ無い", "どこで生れたか"]),
        ("hello", ["hello"]),
    ],
    ids=["prose", "one line", "verse", "stanza", "code", "play", "no sentences", "no spaces", "a word"],
)
def test_openings_are_beginnings_of_the_text_s_own_parts(text: str, wanted: list[str]):
    found = openings(text)
    assert len(found) == len(wanted)
    assert [each.startswith(start) for each, start in zip(found, wanted, strict=True)] == [True] * len(wanted)
    spaced = "".join(f" {word} " for word in text.split())
    for each in found:
        assert len(each) <= 41
        assert " " not in text or f" {each.split()[-1].rstrip('.!?')}" in spaced.replace(".", " ")  # a whole word


def test_openings_come_from_the_whole_text_and_end_with_a_word():
    text = "\n".join(f"{number} is the number of this line, which goes on and on" for number in range(100))
    assert openings(text) == tuple(
        f"{number} is the number of this line, which{' goes' * (number == 0)}" for number in (0, 25, 50, 75)
    )
    assert len(openings("x" * 1000)[0]) == 40
    assert openings("word " * 100_000) == ("word word word word word word word word",)


def test_a_label_is_the_speaker_or_the_first_words():
    assert label("ROMEO:\n") == "ROMEO"
    assert label("JULIET:\nThe moon is late") == "JULIET"
    assert label("Once upon a time there was a king") == "Once upon a time …"
    assert label("x" * 30) == "x" * 20 + " …"
    assert label(":-)") == ":-)"
