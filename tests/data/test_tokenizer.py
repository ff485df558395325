"""The tokenizer: characters to ids and back, and normalization of characters outside the vocabulary."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import TextEncoderDecoder

# The characters of a play in plain English: no digits, no double quotes, no typographic characters.
PLAIN = TextEncoderDecoder("\n !',-.:;?" + string.ascii_letters)
ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and unassigned code points too


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


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("Don’t ‘weep’", "Don't 'weep'"),
        ("“Away!”", "'Away!'"),  # no double quotes known, so single ones
        ("wait—no – never", "wait--no - never"),
        ("so…", "so..."),
        ("café Zoë ÀÉÎ", "cafe Zoe AEI"),
        ("cafe\u0301", "cafe"),  # an accent of its own
        ("straße Ærø œuvre", "strasse AEro oeuvre"),
        ("oﬀ ﬁre", "off fire"),  # ligatures
        ("wide ＡＢ", "wide AB"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("a\tb\u00a0c\u2003d", "a b c d"),
        ("nul\x00\x07bell", "nulbell"),
        ("smile 🙂🙂!", "smile !"),
        ("in 1599", "in "),
        ("lone\ud800surrogate\udfff", "lonesurrogate"),
        ("日本語", ""),
        ("one\u2028two\x85three", "one\ntwo\nthree"),
    ],
)
def test_typographic_and_foreign_characters_become_their_nearest_plain_spelling(typed, becomes):
    text, notes = PLAIN.normalize(typed)
    assert text == becomes
    assert notes


def test_characters_the_vocabulary_has_are_left_alone():
    tokenizer = TextEncoderDecoder("“é—3’\t🙂 abc")
    assert tokenizer.normalize("“é—3’\t🙂") == ("“é—3’\t🙂", [])


def test_a_double_quote_in_the_vocabulary_is_preferred_for_curly_ones():
    assert TextEncoderDecoder("'\"ab").normalize("“a”")[0] == '"a"'


def test_the_other_case_stands_in_for_a_missing_one():
    text, notes = TextEncoderDecoder("abc E").normalize("ABC eé")
    assert text == "abc EE"
    assert "A to a" in notes[0]


def test_the_notes_say_what_was_replaced_and_what_was_dropped():
    _, notes = PLAIN.normalize("é é\r\n7\x00\x85")
    assert notes == [
        "Changed line ends to plain ones.",
        "Changed é to e (2 times), U+0085 to U+000A.",
        "Removed 7, U+0000: not among the characters the model knows.",
    ]


@given(ANY_TEXT)
def test_normalized_text_can_always_be_encoded(text):
    normal, _ = PLAIN.normalize(text)
    assert PLAIN.decode(PLAIN.encode(normal)) == normal


@given(ANY_TEXT)
def test_there_is_a_note_exactly_when_something_was_changed(text):
    normal, notes = PLAIN.normalize(text)
    assert bool(notes) == (normal != text)


@given(ANY_TEXT)
def test_normalizing_twice_changes_nothing_more(text):
    normal, _ = PLAIN.normalize(text)
    assert PLAIN.normalize(normal) == (normal, [])


@given(st.text(min_size=1), ANY_TEXT)
def test_normalization_works_with_any_vocabulary(training_text, text):
    tokenizer = TextEncoderDecoder(training_text)
    normal, notes = tokenizer.normalize(text)
    assert set(normal) <= set(training_text)
    assert tokenizer.normalize(normal)[0] == normal
    assert bool(notes) == (normal != text)


@given(ANY_TEXT)
def test_notes_are_short_printable_lines(text):
    for note in PLAIN.normalize(text)[1]:
        note.encode("utf-8")
        assert "\n" not in note
        assert len(note) < 400


def test_a_long_text_of_emoji_makes_a_short_note():
    _, notes = PLAIN.normalize("".join(map(chr, range(0x1F300, 0x1F600))) * 10)
    assert [len(note) < 300 for note in notes] == [True]
