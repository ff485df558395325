"""HTML of the page's own parts."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from tinygpt import SampleConfig
from tinygpt.ui import render
from tinygpt.writing import Draft


def text_content(html: str) -> str:
    body = re.search(r'id="continuation"[^>]*>(.*)</div>$', html, re.DOTALL)[1]
    return unescape(re.sub(r"<[^>]*>", "", body))


@given(st.text(min_size=1))
def test_a_page_shows_its_text_unchanged_whatever_it_is(text: str):
    assert text_content(render.leaf(text)) == text


def test_html_is_shown_not_obeyed():
    html = render.leaf("<script>alert(1)</script>\n<B>:\n")
    assert "<script" not in html
    assert "<B>" not in html


def test_speakers_are_set_apart():
    assert "<b>KING HENRY:</b>" in render.leaf("My lord.\n\nKING HENRY:\nSay on: I hear.")
    assert "<b>" not in render.leaf("Say on: I hear.")


def test_notes_on_a_prompt_are_escaped():
    draft = Draft(
        prompt="", continuation="", sureness="", notes=("Left out <img>.",), settings=SampleConfig(seed=1), seconds=1.0
    )
    assert "&lt;img&gt;" in render.status(draft)


def test_facts_are_escaped():
    assert "<td>&lt;i&gt;</td>" in render.table([("Preset", "<i>")])
