"""Prompts are spelled in the browser as in Python, with the same notes: whatever is typed, whatever is known."""

import random
import string
import unicodedata

import pytest

from tests.hostile import TEXTS
from tests.server import ROOT
from tinygpt import TextEncoderDecoder
from tinygpt.checkpoint.reading import read_facts

SHAKESPEARE = read_facts(ROOT / "weights")["vocabulary"]
VOCABULARIES = [
    SHAKESPEARE,
    "\n !',-.:;?" + string.ascii_letters,
    "Ne dis pas ça, l’élève… dit-il — “été”.\n",
    "’“”‘„«»–—…()abcdefghijklmnopqrstuvwxyzß ",
    "e\u0301 é\u0323 한\u1112\u1161\u11ab \ufb2a \u212a２Ａ！ГД[]^\\-&|~#{}",
]
TYPED = [
    *TEXTS,
    "Don’t ‘weep’ “Away!” wait—no – never so…",
    "café Zoë ÀÉÎ cafe\u0301 straße Ærø œuvre ŒUVRE Þorn ðat łódź ıI",
    "oﬀ ﬁre wide ＡＢ one\r\ntwo\rthree\n\r\r\n",
    "a\tb\u00a0c\u2003d nul\x00\x07bell smile 🙂🙂❤️👨\u200d👩\u200d👧! in 1599",
    "lone\ud800surrogate\udfff 日本語 one\u2028two\x85three\u2029 \x1c'so' \x85\"it\"",
    "ế ê\u0301 e\u0302\u0301 é\u0302 ệ ê\u0323 \u1112\u1161\u11ab 한 か\u3099 и\u0306 ש\u05c1 K ½ ² ﷺ ǅ ΣΑΣ",
    "a\u0489\u0301 日\u0301e",
    'l\'ami "dit" ("oui") \'so\' "\'it\' is" „so“ «so» don´t ‛no` so... no--no - a-b ---- ..... ..--..',
    '"\'a\' a" a\'a "a."\n' * 50,
    "".join(map(chr, range(0x1F300, 0x1F600))) * 2,
    "".join("e" + chr(0x300 + i % 111) * 5 for i in range(300)),
    *("\u0301", "\u3164", "\u115f", "\ufeffa", "\u200b", "\u3099", "", " ", "\r"),
]
# Letters, marks and typographic signs of many scripts, so that clusters and twins come up often.
TWINS = "eEéÉêếᵉкйЙ한가がかハ\u0301\u0302\u0323\u0306\u3099\u1112\u1161\u11ab\u0345日"
TWINS += "'\"’“”„«»-–—….  \n\tßÆﬁ½２K🙂\x00\u200b"


def twins(count: int) -> list[tuple[str, str]]:
    """Pairs of a vocabulary and a text, the same ones every time."""
    pick = random.Random(5)

    def some(least: int, most: int) -> str:
        return "".join(pick.choice(TWINS) for _ in range(pick.randint(least, most)))

    return [(some(1, 12), some(0, 25)) for _ in range(count)]


def test_texts_become_the_same_with_the_same_notes(modules):
    pairs = [(known, typed) for known in VOCABULARIES for typed in TYPED] + twins(300)
    tokenizers = [TextEncoderDecoder(known) for known, _ in pairs]
    script = """({ TextEncoderDecoder }, pairs) => pairs.map(([known, typed]) => {
        const tokenizer = new TextEncoderDecoder(known);
        const { text, notes } = tokenizer.normalize(typed);
        return [text, notes, tokenizer.unspellable(typed), tokenizer.decode(tokenizer.encode(text))];
    })"""
    written = [(tokenizer.vocabulary, typed) for tokenizer, (_, typed) in zip(tokenizers, pairs, strict=True)]
    found = modules("model/tokenizer")(script, written)
    for tokenizer, (known, typed), seen in zip(tokenizers, pairs, found, strict=True):
        text, notes = tokenizer.normalize(typed)
        assert seen == [text, notes, tokenizer.unspellable(typed), text], (known, typed)


def test_characters_of_many_scripts_become_the_same(modules):
    characters = [each for each in map(chr, range(0x80, 0x2100)) if unicodedata.category(each) != "Cn"]
    tokenizer = TextEncoderDecoder(SHAKESPEARE)
    script = """({ TextEncoderDecoder }, [known, characters]) => {
        const tokenizer = new TextEncoderDecoder(known);
        return characters.map((each) => tokenizer.normalize(each).text);
    }"""
    found = modules("model/tokenizer")(script, [tokenizer.vocabulary, characters])
    assert found == [tokenizer.normalize(each)[0] for each in characters]


def test_characters_that_cannot_be_seen_have_unicode_s_names(modules):
    names = modules("model/character_names")("({ NAMES }) => NAMES")
    own = {"0009": "tab", "000A": "new line"}
    assert names == own | {code: unicodedata.name(chr(int(code, 16))).lower() for code in names.keys() - own.keys()}
    spaces = {f"{ord(each):04X}" for each in map(chr, range(0x3001)) if each.isspace() and unicodedata.name(each, "")}
    accents = {f"{code:04X}" for code in range(0x300, 0x370)}
    assert names.keys() > spaces | accents | {"200B", "202E", "FEFF", "3164"}


def test_characters_outside_the_vocabulary_are_listed_as_python_lists_them(modules):
    tokenizer = TextEncoderDecoder("ab")
    script = """({ TextEncoderDecoder }, text) => {
        try { new TextEncoderDecoder("ab").encode(text) } catch (error) { return error.message }
    }"""
    for text in ("xyxa\n\u0301", "🙂" * 3 + "cdefghijk"):
        with pytest.raises(ValueError, match="does not know") as caught:
            tokenizer.encode(text)
        assert modules("model/tokenizer")(script, text) == str(caught.value)
