"""Example prompts for the chosen weights."""

from pathlib import Path

from tinygpt.ui.services.examples import EXAMPLES, TEXT_FILE, examples_for, label, openings


def test_examples_come_from_the_text_beside_the_weights_or_from_shakespeare(tmp_path: Path):
    assert examples_for(tmp_path / "missing") == EXAMPLES
    assert examples_for(tmp_path) == EXAMPLES
    (tmp_path / TEXT_FILE).write_text("Dear diary,\n\nToday it rained.\nToday it rained.\nTea: hot\n", encoding="utf-8")
    assert examples_for(tmp_path) == ("Dear diary,", "Today it rained.", "Tea: hot")
    (tmp_path / TEXT_FILE).write_bytes(b"\n \n")
    assert examples_for(tmp_path) == EXAMPLES


def test_a_text_that_cannot_be_read_is_told_and_done_without(tmp_path: Path, caplog):
    (tmp_path / TEXT_FILE).write_bytes(b"\xff\xfe")
    assert examples_for(tmp_path) == EXAMPLES
    assert f"{tmp_path / TEXT_FILE} cannot be read" in caplog.text
    (tmp_path / TEXT_FILE).unlink()
    (tmp_path / TEXT_FILE).mkdir()
    assert examples_for(tmp_path) == EXAMPLES


def test_openings_come_from_the_whole_text_and_end_with_a_word():
    text = "\n".join(f"{number} is the number of this line, which goes on and on" for number in range(100))
    assert openings(text) == tuple(f"{number} is the number of this line, which" for number in (0, 25, 50, 75))
    assert openings("HAMLET:\nTo be") == ("HAMLET:\n", "To be")
    assert len(openings("x" * 1000)[0]) == 40
    assert openings("  " + "x" * 60) == ("x" * 40,)


def test_a_label_is_the_speaker_or_the_first_words():
    assert label("ROMEO:\n") == "ROMEO"
    assert label("JULIET:\nThe moon is late") == "JULIET"
    assert label("Once upon a time there was a king") == "Once upon a time the …"
    assert label(":-)") == ":-)"
