"""The tokenizer: characters to ids and back."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import TextEncoderDecoder

# The characters of a play in plain English: no digits, no double quotes, no typographic characters.
PLAIN = TextEncoderDecoder("\n !',-.:;?" + string.ascii_letters)


@given(st.text(min_size=1), st.data())
def test_decoding_what_was_encoded_gives_the_text_back(text, data):
    tokenizer = TextEncoderDecoder(text)
    part = data.draw(st.text(st.sampled_from(tokenizer.vocabulary)))
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode(tokenizer.encode(part)) == part


def test_ids_are_positions_in_the_sorted_set_of_characters():
    tokenizer = TextEncoderDecoder("hello")
    assert (tokenizer.vocabulary, tokenizer.vocab_size) == ("ehlo", 4)
    assert tokenizer.encode("hello") == [1, 0, 2, 2, 3]


@given(st.text(min_size=1))
def test_a_saved_vocabulary_builds_the_same_tokenizer(text):
    first = TextEncoderDecoder(text)
    again = TextEncoderDecoder(first.vocabulary)
    assert again.vocabulary == first.vocabulary
    assert again.encode(text) == first.encode(text)


def test_an_empty_text_has_no_vocabulary():
    with pytest.raises(ValueError, match="empty"):
        TextEncoderDecoder("")


def test_unknown_characters_are_refused_and_listed():
    with pytest.raises(ValueError, match="does not know") as caught:
        PLAIN.encode("Où 7\x00?")
    message = str(caught.value)
    assert all(name in message for name in ("ù", "7", "U+0000"))
    assert "O" not in message.split(":")[1].split(";")[0].replace("U+0000", "")


def test_many_unknown_characters_make_a_short_error():
    with pytest.raises(ValueError, match=r"and \d+ more") as caught:
        PLAIN.encode("".join(map(chr, range(0x400, 0x500))) * 1000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("wrong", [-1, -54, 10**9, PLAIN.vocab_size])
def test_an_id_outside_the_vocabulary_is_refused(wrong):
    with pytest.raises(ValueError, match=f"id {wrong} is outside"):
        PLAIN.decode([0, wrong, 1])
