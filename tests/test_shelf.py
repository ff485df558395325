"""ui/shelf.py: the weights that a page can write with, and the examples that go with them."""

from pathlib import Path

import pytest

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.ui.examples import EXAMPLES, TEXT, examples_for, label, openings
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import OWN, Shelf


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Weights that know three characters."""
    model = GPTLanguageModel(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=1, n_embd=16))
    save_checkpoint(tmp_path, model, TextEncoderDecoder("xyz"), facts={"preset": "quick", "validation_loss": 1.0986})
    return tmp_path


@pytest.fixture
def shelf(weights: Path, other: Path) -> Shelf:
    shelf = Shelf(Session(weights))
    shelf.add("page-1", other)
    return shelf


def test_sessions_are_found_by_name_and_by_the_sha256_of_their_weights(shelf: Shelf, other: Path):
    mine, own = shelf["page-1"], shelf[OWN]
    assert (mine.folder, mine.tokenizer.vocabulary) == (other, "xyz")
    assert mine.device == own.device
    assert shelf.of(mine.facts["weights_sha256"]) is mine
    assert shelf.name_of(own.facts["weights_sha256"]) == OWN
    assert shelf.name_of("0" * 64) is None
    assert len(shelf) == 2


@pytest.mark.parametrize("name", ["page-2", "", None, 1, ["own"], {}], ids=repr)
def test_weights_that_are_not_there_are_refused_with_a_sentence(shelf: Shelf, name: object):
    with pytest.raises(ValueError, match="there are no weights called"):
        shelf[name]
    with pytest.raises(ValueError, match="there are no weights"):
        shelf.of("0" * 64)


def test_the_menu_tells_what_they_are(shelf: Shelf):
    (own, first), (label, second) = shelf.choices()
    assert (first, second) == (OWN, "page-1")
    assert own == "the page’s own"  # whose preset and loss are not known
    assert label == "page-1 (quick, 1.099 nats)"


def test_examples_are_openings_of_the_text_beside_the_weights_and_else_shakespeares(tmp_path: Path):
    assert examples_for(tmp_path) == EXAMPLES
    (tmp_path / TEXT).write_text("Dear diary,\n\nToday it rained.\nToday it rained.\nTea: hot\n", encoding="utf-8")
    assert examples_for(tmp_path) == ("Dear diary,", "Today it rained.", "Tea: hot")
    (tmp_path / TEXT).write_bytes(b"\n \n")
    assert examples_for(tmp_path) == EXAMPLES
    (tmp_path / TEXT).write_bytes(b"\xff\xfe")
    assert examples_for(tmp_path) == EXAMPLES


def test_openings_come_from_all_over_a_text_and_end_with_a_word():
    text = "\n".join(f"{number} is the number of this line, which goes on and on" for number in range(100))
    assert openings(text) == tuple(f"{number} is the number of this line, which" for number in (0, 25, 50, 75))
    assert openings("HAMLET:\nTo be") == ("HAMLET:\n", "To be")
    assert len(openings("x" * 1000)[0]) == 40
    assert openings("  " + "x" * 60) == ("x" * 40,)


def test_a_button_says_who_speaks_or_the_first_words():
    assert label("ROMEO:\n") == "ROMEO"
    assert label("JULIET:\nThe moon is late") == "JULIET"
    assert label("Once upon a time there was a king") == "Once upon a time the …"
    assert label(":-)") == ":-)"
