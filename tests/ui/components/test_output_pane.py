"""The output pane as HTML."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from tinygpt.ui.components.output_pane import output_pane


def text_content(html: str) -> str:
    body = re.search(r'id="continuation"[^>]*>(.*)</div>$', html, re.DOTALL)[1]
    return unescape(re.sub(r"<[^>]*>", "", body))


@given(st.text(min_size=1))
def test_any_text_is_shown_unchanged(text: str):
    assert text_content(output_pane(text)) == text


def test_html_in_a_text_is_escaped():
    html = output_pane("<script>alert(1)</script>\n<B>:\n", link='"><script>')
    assert "<script" not in html
    assert "<B>" not in html


def test_speakers_are_bold():
    assert "<b>KING HENRY:</b>" in output_pane("My lord.\n\nKING HENRY:\nSay on: I hear.")
    assert "<b>" not in output_pane("Say on: I hear.")
