"""Any vocabulary becomes a tokenizer of Hugging Face's libraries with the same ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ci import needed
from tests.export.conftest import TEXT
from tinygpt import TextEncoderDecoder
from tinygpt.export.tokenizer_files import build_tokenizer

needed("tokenizers")

SHAKESPEARE = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
characters = st.characters(exclude_categories=["Cs"])  # no halves of surrogate pairs, which no text file holds


@given(st.data())
def test_ids_and_texts_of_any_vocabulary_are_those_of_tinygpt(data: st.DataObject):
    alphabet = data.draw(st.sampled_from([characters, st.characters(max_codepoint=127)]))
    vocabulary = TextEncoderDecoder(data.draw(st.text(alphabet, min_size=1, max_size=40))).vocabulary
    text = data.draw(st.text(st.sampled_from(vocabulary), max_size=200))
    tokenizer = build_tokenizer(vocabulary)
    ids = tokenizer.encode(text).ids
    assert ids == TextEncoderDecoder(vocabulary).encode(text)
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


@pytest.mark.parametrize(
    "vocabulary", [SHAKESPEARE, TEXT, "".join(map(chr, range(128)))], ids=["plays", "own", "ASCII"]
)
def test_every_character_of_a_vocabulary_is_one_token(vocabulary):
    vocabulary = TextEncoderDecoder(vocabulary).vocabulary
    tokenizer = build_tokenizer(vocabulary)
    assert [tokenizer.encode(each).ids for each in vocabulary] == [[i] for i in range(len(vocabulary))]
    assert [tokenizer.decode([i]) for i in range(len(vocabulary))] == list(vocabulary)


def test_prompts_from_keyboards_are_spelled_in_known_characters():
    tokenizer, ours = build_tokenizer(SHAKESPEARE), TextEncoderDecoder(SHAKESPEARE)
    for text in ("I’ll go… “so”", "naïve — élan", "one\r\ntwo\rthree"):
        assert tokenizer.encode(text).ids == ours.encode(ours.normalize(text)[0])


@given(st.text(characters))
def test_unknown_characters_are_dropped_and_none_is_an_error(text):
    for vocabulary in (SHAKESPEARE, TEXT):
        tokenizer = build_tokenizer(vocabulary)
        assert set(tokenizer.decode(tokenizer.encode(text).ids)) <= set(vocabulary)
    assert build_tokenizer("ab").encode("axb\0").ids == [0, 1]


def test_typographic_characters_that_the_vocabulary_has_stay():
    vocabulary = TextEncoderDecoder("’'—-…. \r\ne\u0301").vocabulary
    assert build_tokenizer(vocabulary).encode("’—…\r\ne\u0301").ids == [vocabulary.index(c) for c in "’—…\r\ne\u0301"]
