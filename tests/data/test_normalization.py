"""Normalization: text in any characters becomes text in those of a vocabulary, and notes say what was changed."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import TextEncoderDecoder

# The characters of a play in plain English: no digits, no double quotes, no typographic characters.
PLAIN = TextEncoderDecoder("\n !',-.:;?" + string.ascii_letters)
ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and unassigned code points too
# Letters, marks and typographic signs of many scripts, so that clusters and twins come up often.
TWINS = st.text(
    st.sampled_from("eEéÉêếᵉкйЙ한가がかハ\u0301\u0302\u0323\u0306\u3099\u1112\u1161\u11ab'\"’“”„«»-–—….  \n")
)


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
        "Changed é to e (2 times), U+0085 to new line.",
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


# The same character in another form


@pytest.mark.parametrize(
    ("typed", "known", "becomes"),
    [
        ("e\u0301le\u0300v", "élèv", "élèv"),
        ("é", "e\u0301", "e\u0301"),
        ("ế ê\u0301 e\u0302\u0301 é\u0302", "ế é\u0302", "ế ế ế é\u0302"),
        ("ế", "ê\u0301", "ê\u0301"),
        ("ệ", "ê\u0323", "ê\u0323"),  # as Vietnamese keyboards of Windows write it
        ("e\u0302\u0301", "ê", "ê"),  # one accent of two
        ("\u1112\u1161\u11ab", "한", "한"),
        ("한", "\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("か\u3099", "が", "が"),
        ("и\u0306", "й", "й"),
        ("ש\u05c1", "\ufb2a", "\ufb2a"),  # a letter that NFC does not compose
        ("K", "\u212a", "\u212a"),  # the sign of the kelvin
        ("E\u0301", "é", "é"),
        ("é", "EÉ", "É"),
        ("a\u0489\u0301", "á", "á"),  # a mark that goes with nothing
        ("日\u0301e", "e\u0301", "e"),  # no mark lands on another letter
        ("!A２", "！Ａ2", "！Ａ2"),
    ],
)
def test_a_character_is_found_in_every_form_that_the_vocabulary_may_have(typed, known, becomes):
    tokenizer = TextEncoderDecoder(known + " ")
    text, notes = tokenizer.normalize(typed)
    assert text == becomes
    assert notes
    assert len(notes) == 1 or "日" in notes[1]


@pytest.mark.parametrize(
    ("typed", "known", "becomes"),
    [
        ('l\'ami "dit" ("oui")', "’“”()", "l’ami “dit” (“oui”)"),
        ("'so' \"'it' is\"", "‘’“”", "‘so’ “‘it’ is”"),
        ('"so"', "„“", "„so“"),  # German
        ('"so" “so”', "«»", "«so» «so»"),
        ("don´t ‛no`", "’", "don’t ’no’"),
        ('"so"', "’", "’so’"),
        ("so...", "…", "so…"),
        ("no--no - a-b", "—–", "no—no – a–b"),
        ("a-b", "—", "a—b"),
        ("a—b", "–", "a–b"),
        ("...--'\"", "...--'\"…—’”", "...--'\""),  # nothing unknown
    ],
)
def test_plain_signs_become_typographic_ones_where_only_those_are_known(typed, known, becomes):
    tokenizer = TextEncoderDecoder(known + string.ascii_lowercase + " ")
    text, notes = tokenizer.normalize(typed)
    assert text == becomes
    assert not any("Removed" in note for note in notes)


@pytest.mark.parametrize(
    ("plain", "signs"), [("'", "’‘›‹‚‛′`´ʼ׳"), ('"', "”“»„«‟″״"), ("--", "—―"), ("-", "‐‑–−"), ("...", "…")]
)
def test_each_sign_that_keyboards_and_word_processors_insert_is_spelled_plainly_and_the_other_way_round(plain, signs):
    for sign in signs:
        assert TextEncoderDecoder(plain + "ab").normalize(f"a{sign}b")[0] == f"a{plain}b"
        assert TextEncoderDecoder(sign + "ab").normalize(f"a{plain}b")[0] == f"a{sign}b"


def test_each_letter_and_space_that_unicode_does_not_decompose_has_a_plain_spelling():
    assert PLAIN.normalize("ß æ Æ œ Œ ø Ø ł Ł đ Đ ð þ Þ ı")[0] == "ss ae AE oe OE o O l L d D d th Th i"
    for typed in "\x85\u2028\u2029":
        assert PLAIN.normalize(f"a{typed}b")[0] == "a\nb"
    assert TextEncoderDecoder("/12").normalize("1⁄2")[0] == "1/2"
    assert TextEncoderDecoder("/12").normalize("½")[0] == "1/2"  # 1, ⁄ and 2 in one
    assert TextEncoderDecoder("/2").normalize("½")[0] == ""  # never a part of it


def test_a_prompt_in_plain_decomposed_characters_is_kept_whole_by_a_typographic_text():
    tokenizer = TextEncoderDecoder("Ne dis pas ça, l’élève… dit-il — “été”.\n")
    text, notes = tokenizer.normalize(unicodedata.normalize("NFD", 'l\'élève — "été"'))
    assert text == "l’élève — “été”"
    assert notes == ['Changed the Unicode form of é (3 times), \' to ’, the Unicode form of è, " to “, " to ”.']


@given(TWINS, st.text(st.sampled_from("eéEÉêк한が\u0301\u0323\u11ab'’“»-—… "), min_size=1))
def test_no_letter_that_the_vocabulary_has_in_any_form_is_dropped(typed, known):
    tokenizer = TextEncoderDecoder(known)
    text, notes = tokenizer.normalize(typed)
    assert set(text) <= set(known)
    assert bool(notes) == (text != typed)
    for character in unicodedata.normalize("NFC", typed):
        assert character in text or character not in known or unicodedata.combining(character)


def test_a_thousand_marks_on_each_letter_are_normalized_soon():
    text, notes = TextEncoderDecoder("aé").normalize("".join("e" + chr(0x300 + i % 111) * 50 for i in range(2000)))
    assert set(text) <= set("aé")
    assert all(len(note) < 400 for note in notes)


def test_quotation_marks_are_told_apart_in_a_text_of_any_length():
    tokenizer = TextEncoderDecoder("“”‘’a.\n ")
    typed = '"\'a\' a" a\'a "a."\n' * 500
    assert tokenizer.normalize(typed)[0] == "“‘a’ a” a’a “a.”\n" * 500


@given(st.text(st.sampled_from("[]^\\-&|~#{}()a é"), max_size=20), st.text(min_size=1))
def test_signs_that_have_a_meaning_in_patterns_are_spelled_as_others_are(typed, known):
    tokenizer = TextEncoderDecoder(known)
    text, _ = tokenizer.normalize(typed)
    assert all(text.count(character) >= typed.count(character) for character in set(typed) & set(known))


# What cannot be spelled


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a\tb\tc", "Changed tab to space (2 times)."),
        ("a\u00a0b", "Changed no-break space to space."),
        ("a\u200bb", "Removed zero width space: not among the characters the model knows."),
        ("\ufeffa", "Removed zero width no-break space: not among the characters the model knows."),
        ("a\u2028b", "Changed line separator to new line."),
        ("a\u3000b", "Changed ideographic space to space."),
        ("\u3164", "Removed hangul filler: not among the characters the model knows."),
        ("\u0301", "Removed combining acute accent: not among the characters the model knows."),
        ("\x07", "Removed U+0007: not among the characters the model knows."),
        ("\ud800", "Removed U+D800: not among the characters the model knows."),
    ],
)
def test_a_character_that_nobody_sees_is_named_in_the_notes(text, note):
    assert PLAIN.normalize(text)[1] == [note]


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("The end", ""),
        ("“Éa—”", ""),
        ("", ""),
        ("in 1599!", "9 (2 times), 1, 5"),
        ("🙂\x00日", "🙂, U+0000, 日"),
        ("\r\n", ""),
    ],
)
def test_what_no_known_character_can_spell_is_listed(text, listed):
    assert PLAIN.unspellable(text) == listed


@given(ANY_TEXT)
def test_what_is_listed_is_what_normalizing_removes(text):
    listed, notes = PLAIN.unspellable(text), PLAIN.normalize(text)[1]
    assert [note for note in notes if note.startswith("Removed")] == [
        f"Removed {listed}: not among the characters the model knows." for _ in [0] if listed
    ]
