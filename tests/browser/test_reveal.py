"""How a text comes into view: at a pace that one can follow, unless the visitor wants it at once."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import continuation, finished, status, write
from tests.browser.candidates import another, click
from tests.browser.test_steering import visible_place
from tinygpt.ui.front_end import FrontEnd

PACE = 120  # characters per second


@pytest.fixture
def page(same_page: Page) -> Iterator[Page]:
    """The page of a visitor who did not ask for reduced motion."""
    same_page.emulate_media(reduced_motion="no-preference")
    yield same_page
    same_page.emulate_media(reduced_motion="reduce")


def pending(page: Page) -> None:
    """Expect that more of the text is to come into view."""
    expect(page.get_by_role("button", name="Skip")).to_be_visible()
    expect(continuation(page)).to_have_text(re.compile(r"\w{2}"))


WATCH = """() => {
    const pressed = performance.now();
    window.framesSeen = []; // [milliseconds since the press, characters in view, pixels scrolled]
    [window.shift, window.announced] = [0, 0];
    const lines = document.querySelector("#status [role=status][aria-live=polite]");
    new MutationObserver(() => window.announced++).observe(lines, { childList: true, subtree: true });
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift" });
    document.getElementById("write").click(); // as a script does: shifts after a real click would not count
    const look = () => {
        const text = document.querySelector("#continuation")?.textContent ?? "";
        const scrolled = document.querySelector("#output-pane .prose").scrollTop;
        window.framesSeen.push([performance.now() - pressed, text.length, scrolled]);
        if (text.length < 300) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_a_text_comes_into_view_from_its_beginning_as_fast_as_one_can_follow_and_nothing_moves(page: Page):
    write(page, "ROMEO:\n", length=2)
    finished(page, 2)  # the page is warm
    page.get_by_role("spinbutton", name=re.compile("Length")).fill("300")
    page.evaluate(WATCH)
    expect(status(page)).to_have_text("Writing …")
    text = finished(page, 300)
    expect(page.get_by_role("button", name="Skip")).to_be_hidden()
    frames = [frame for frame in page.evaluate("window.framesSeen") if frame[1] != 2]  # of the text before
    assert all(length <= 1 + PACE * elapsed / 1000 for elapsed, length, _ in frames)
    assert all(scrolled == 0 for _, _, scrolled in frames)
    assert len({length for _, length, _ in frames}) > 20
    assert page.evaluate("window.shift") <= 0.05
    assert page.evaluate("window.announced") == 2  # the beginning and the end
    assert len(text) == 300


def test_a_button_a_key_and_a_click_on_a_letter_show_all_and_typing_does_not(page: Page):
    def begin() -> None:
        write(page, "ROMEO:\n", length=600, seed=7)
        pending(page)

    begin()
    page.get_by_role("textbox", name="Prompt").press_sequentially("O")
    pending(page)
    page.get_by_role("button", name="Skip").click()
    text = finished(page, 600)
    begin()
    page.get_by_role("textbox", name="Prompt").blur()
    page.keyboard.press("ArrowDown")
    assert finished(page, 600) == text
    begin()
    continuation(page).click()
    assert finished(page, 600) == text


def test_stop_ends_a_text_where_it_is_in_view(page: Page):
    write(page, "ROMEO:\n", length=600, seed=7)
    pending(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(continuation(page)).to_have_attribute("data-link", re.compile("{"))
    text, link = continuation(page).text_content(), json.loads(continuation(page).get_attribute("data-link"))
    assert 1 < len(text) == link["length"] < 600
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Continue").click()
    page.keyboard.press("Escape")
    assert finished(page, len(text) + 600).startswith(text)


def test_what_stays_of_a_steered_text_stays_in_view(page: Page):
    write(page, "ROMEO:\n", seed=7)
    before = finished(page)
    place = visible_place(before, 40)
    click(page, place)
    letter = another(page, 1)
    expect(letter).to_be_visible()
    page.evaluate("""() => {
        window.shortest = Infinity;
        const text = document.getElementById("continuation");
        const look = () => (window.shortest = Math.min(window.shortest, text.textContent.length));
        new MutationObserver(look).observe(text, { subtree: true, childList: true, characterData: true });
    }""")
    letter.click()
    expect(continuation(page)).to_have_attribute("data-link", re.compile(r'"forced": ?\[\['))
    assert finished(page)[:place] == before[:place]
    assert page.evaluate("window.shortest") > place


def test_how_much_of_a_text_is_in_view_follows_from_the_clock(open_page: Page):
    script = f"""async () => {{
        const {{ beginning, revealed }} = await import("./{FrontEnd().url}/reveal.js");
        const link = {{ link: "{{}}", fragment: "#" }};
        const text = {{ text: "a😀cd", confidence: "0123", forced: [1, 3], prompt: "p", writing: false, ...link }};
        return [
            [revealed(0, 0, 500), revealed(1000, 0, 500), revealed(1000, 30, 500), revealed(10000, 0, 500)],
            [revealed(0, Infinity, 500), revealed(0, 40, 20)],
            beginning(text, 2),
        ];
    }}"""
    paced, at_once, text = open_page.evaluate(script)
    assert paced == [1, 121, 151, 500]
    assert at_once == [500, 20]
    assert text == {"text": "a😀", "confidence": "01", "forced": [1], "prompt": "p", "fragment": "#", "writing": True}


def test_a_link_goes_on_where_it_can_and_else_its_text_becomes_the_prompt(open_page: Page):
    script = f"""async ([text, more]) => {{
        const {{ continued }} = await import("./{FrontEnd().url}/share_link.js");
        const {{ link, joined }} = continued(text, more, {{ prompt: 10, length: 5000 }});
        return [JSON.parse(link), joined];
    }}"""
    fields = {"prompt": "ab", "length": 4, "stop": "x", "strategy": "sample", "seed": "7", "forced": [[0, "c"]]}

    def continued(text: str, more: int, **changes: object) -> list:
        given = {"link": json.dumps(fields | changes), "prompt": "ab", "text": text}
        return open_page.evaluate(script, [given, more])

    assert continued("c😀ef", 6) == [fields | {"length": 10}, False]
    assert continued("cd", 6) == [fields | {"length": 8, "stop": None}, False]
    joined = fields | {"length": 6, "forced": []}
    assert continued("cdef", 6, strategy="beam") == [joined | {"prompt": "abcdef", "strategy": "beam"}, True]
    assert continued("c" * 4995, 6, length=4995) == [joined | {"prompt": "c" * 10}, True]
