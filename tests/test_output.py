"""output.txt: a prompt and its continuation in one text file, each under a heading."""

import pytest

from tinygpt.output import format_output, write_output


def test_prompt_and_continuation_are_each_under_a_heading(tmp_path):
    write_output(tmp_path / "output.txt", "ROMEO:\n", "\nWho is é?\n\nBAKER:")
    written = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert written == format_output("ROMEO:\n", "\nWho is é?\n\nBAKER:")
    first, prompt, between, second, *continuation = written.split("\n")
    assert (first, second) == ("---- PROMPT ".ljust(60, "-"), "---- CONTINUATION ".ljust(60, "-"))
    assert (prompt, between) == ("ROMEO:", "")
    assert "\n".join(continuation) == "\nWho is é?\n\nBAKER:\n"


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_output(tmp_path / "nowhere" / "output.txt", "", "")
