"""output.py: a prompt and its continuation in one file, clearly set apart."""

import pytest

from tinygpt.output import as_text, write_output


def test_the_two_texts_stand_under_headings_of_their_own(tmp_path):
    write_output(tmp_path / "output.txt", "ROMEO:\n", "\nWho is é?\n\nBAKER:")
    written = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert written == as_text("ROMEO:\n", "\nWho is é?\n\nBAKER:")
    first, prompt, between, second, *continuation = written.split("\n")
    assert (first, second) == ("---- PROMPT ".ljust(60, "-"), "---- CONTINUATION ".ljust(60, "-"))
    assert (prompt, between) == ("ROMEO:", "")
    assert "\n".join(continuation) == "\nWho is é?\n\nBAKER:\n"


def test_where_it_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_output(tmp_path / "nowhere" / "output.txt", "", "")
