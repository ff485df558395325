"""The text that a visitor trains on."""

from pathlib import Path

import pytest

from tinygpt.ui.services.training_text import MAX_TEXT_BYTES, read_training_text


def test_a_text_is_pasted_or_uploaded(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_bytes("Ünter\n".encode())
    assert read_training_text("Ünter\n", None) == read_training_text(" ", str(file)) == "Ünter\n".encode()


def test_no_text_two_texts_and_too_much_text_are_refused(tmp_path: Path):
    file, empty, large = (tmp_path / name for name in "abc")
    file.write_text("Here")
    empty.write_text("\n")
    large.write_bytes(b"x" * (MAX_TEXT_BYTES + 1))
    for pasted, upload, complaint in (
        ("", None, "there is no text yet"),
        (None, None, "there is no text yet"),
        ("", str(empty), "the file is empty"),
        ("Here", str(file), "two texts, a pasted one and a file"),
        ("", str(large), "has 20.0 MB, and the page takes at most 20 MB. Train on it in a terminal"),
        ("x" * (MAX_TEXT_BYTES + 1), None, "the page takes at most 20"),
        ("\ud83c half", None, "the middle of a character"),
        ("", str(tmp_path / "gone"), "no longer there"),
    ):
        with pytest.raises(ValueError, match=complaint):
            read_training_text(pasted, upload)
