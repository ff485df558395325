"""Texts that try to become a part of the page, and what tells whether one did."""

import re
from html.parser import HTMLParser

# What visitors type, what weights call themselves, what they write: none of it may become a part of the page.
TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'>",
    "' onmouseover='alert(1)' x='",
    "</textarea></div></section></svg></title><b>",
    "<!-- ]]> --!> <![CDATA[ &lt;b&gt; &#60;b&#62; &",
    "${alert(1)} {{x}} javascript:alert(1)",
    "שלום (3) 1.5",
    "\u202etxet desrever\u2066 \u2067 \u202b \u200f",
    "`code` | cell | [link](javascript:alert(1)) ![i](http://x/) **bold** # <b>",
    "a play:\n<b>:\n\n---\nlicense: mit\n---\n",
]
HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class Structure(HTMLParser):
    """The tags of a page, with the names of their attributes, and the texts between them with the tags around."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self._open = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, [name for name, _ in attributes]))
        self._open.append((tag, dict(attributes).get("class") or ""))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, [name for name, _ in attributes]))

    def handle_data(self, data):
        self.texts.append((data, list(self._open)))

    def handle_comment(self, data):
        self.tags.append(("!--", []))

    handle_decl = unknown_decl = handle_pi = handle_comment


def vocabulary(text: str) -> str:
    return "".join(sorted(set(text)))


def harmless(text: str) -> str:
    """As many different characters, in the same places, in the same order of code points; line ends stay."""
    known = [character for character in vocabulary(text) if character != "\n"]
    plain = {character: chr(0x4E00 + n) for n, character in enumerate(known)}
    return "".join(plain.get(character, character) for character in text)


def assert_order_is_kept(page: Structure) -> None:
    """Check that what changes the order of a text stands alone, apart from the page's own words."""
    for text, around in page.texts:
        apart = any(tag in ("bdi", "td") or kind.startswith("output-text") for tag, kind in around)
        own_words = re.sub(r"\u2068[^\u2068\u2069]*\u2069", "", text)  # without what is isolated
        assert apart or len(text) == 1 or not (BIDI | set(HEBREW)) & set(own_words), (text, around)
