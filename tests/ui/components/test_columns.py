"""Texts side by side."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from tinygpt.ui.components.columns import Column, legend, side_by_side


def texts(html: str) -> list[str]:
    columns = re.findall(r'<div class="output-text">(.*?)</div>', html, re.S)
    return [unescape(re.sub("<[^>]*>", "", column)) for column in columns]


@given(st.text(alphabet="ab<&'\n", max_size=20), st.data())
def test_a_column_shows_its_text_unchanged_whatever_is_marked(text, data):
    position = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(position, position).map(sorted).map(tuple), max_size=3))
    marked = data.draw(st.none() | st.integers(0, len(text) - 1)) if text else None
    assert texts(side_by_side([Column("a", text, marked, spans)])) == [text]


def test_memorized_spans_are_underlined_exactly_also_across_a_mark():
    html = side_by_side([Column("<a>", "0123456789", 4, [(3, 6), (8, 10)])])
    assert "".join(re.findall(r'<u class="memorized">(.*?)</u>', html)) == "3<mark>4</mark>5" + "89"
    assert "<h2>&lt;a&gt;</h2>" in html
    assert legend([[], [(3, 6)]])
    assert not legend([[], ()])


def test_a_link_says_which_text_it_writes():
    html = side_by_side([Column("0.5", "a", link="#seed=1"), Column("1.2", "b")])
    assert re.findall('<a href="([^"]*)".*?aria-label="([^"]*)"', html) == [("#seed=1", "Link to the text under 0.5")]
