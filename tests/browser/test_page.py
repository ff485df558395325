"""What a visitor does on the page, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import advanced, continuation, finished, status, write
from tinygpt import SampleConfig, load_checkpoint, stream

WEIGHTS = Path(__file__).parents[2] / "weights"


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def test_a_prompt_and_its_continuation_stand_side_by_side(page: Page):
    write(page, "JULIET:\nGood morrow, ")
    text = finished(page)
    assert len(text) == 60
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("JULIET:\nGood morrow, ")
    left = page.get_by_role("textbox", name="Prompt").bounding_box()
    right = page.locator("#output-pane").bounding_box()
    assert left["x"] + left["width"] < right["x"]
    assert abs(left["y"] - right["y"]) < 100


def test_nothing_moves_while_text_comes_in(fresh_page: Page):
    fresh_page.set_viewport_size({"width": 1280, "height": 1000})
    before = [fresh_page.locator(part).bounding_box() for part in ("#output-pane", ".prompt", "#status")]
    write(fresh_page, "ROMEO:\n", length=1200)
    finished(fresh_page, 1200)
    after = [fresh_page.locator(part).bounding_box() for part in ("#output-pane", ".prompt", "#status")]
    assert [(box["x"], box["y"], box["width"]) for box in after] == [(b["x"], b["y"], b["width"]) for b in before]
    assert after[0]["height"] == before[0]["height"]


def test_the_page_writes_what_the_library_writes_with_that_seed(page: Page):
    write(page, "ROMEO:\n", length=300, seed=7)
    text = finished(page, 300)
    model, tokenizer = load_checkpoint(WEIGHTS)
    assert text == "".join(stream(model, tokenizer, "ROMEO:\n", SampleConfig(max_new_tokens=300, seed=7)))


def test_the_seed_of_a_text_is_shown_and_can_be_used_again(page: Page):
    write(page, "ROMEO:\n")
    first = finished(page)
    advanced(page)
    page.get_by_role("button", name="Use this seed again").click()
    used = re.search(r"seed (\d+)", status(page).text_content())[1]
    expect(page.locator("#seed textarea, #seed input")).to_have_value(used)
    page.get_by_role("button", name="Clear").click()
    expect(continuation(page)).to_have_count(0)
    write(page, "ROMEO:\n")
    assert finished(page) == first


def test_the_sliders_and_the_strategy_count(page: Page):
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0")
    write(page, "ROMEO:\n")
    greedy = finished(page)
    expect(status(page)).to_contain_text("greedy")
    expect(status(page)).not_to_contain_text("seed")
    advanced(page)
    page.get_by_role("radio", name="beam").check()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text("beam width 4")
    assert finished(page) != greedy


def test_the_length_slider_moves_by_keyboard(page: Page):
    slider = page.get_by_role("slider", name=re.compile("Length"))
    slider.focus()
    slider.press("ArrowRight")
    expect(page.get_by_role("spinbutton", name=re.compile("Length"))).to_have_value("501")


def test_long_text_is_followed_to_its_end(page: Page):
    write(page, "ROMEO:\n", length=2500)
    finished(page, 2500)
    expect(page.locator("#output-pane .prose")).to_have_js_property("scrollLeft", 0)
    below = page.locator("#output-pane .prose").evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop")
    assert below < 40


def test_what_was_changed_in_a_prompt_is_said(page: Page):
    write(page, "“Café” ☃ 42")
    finished(page)
    expect(status(page)).to_contain_text("é to e")
    expect(status(page)).to_contain_text("Removed")


def test_an_empty_prompt_writes_from_a_new_line_and_says_so(page: Page):
    write(page, "")
    finished(page)
    expect(status(page)).to_contain_text("starts on a new line")


def test_html_in_a_prompt_stays_text(page: Page):
    write(page, "<img src=x onerror=alert(1)><script>alert(1)</script>")
    finished(page)
    expect(page.locator("#output-pane img, #output-pane script, #status img, #status script")).to_have_count(0)


def test_a_wrong_seed_is_refused_with_a_sentence_even_when_its_field_is_folded_away(page: Page):
    advanced(page)
    page.locator("#seed textarea, #seed input").fill("seven")
    page.get_by_role("button", name="Advanced").click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page).get_by_text("seed must be a whole number")).to_be_visible()


def test_copy_puts_the_text_on_the_clipboard(page: Page):
    write(page, "ROMEO:\n")
    text = finished(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_output_txt_holds_both_texts_set_apart(page: Page):
    write(page, "ROMEO:\nWherefore")
    text = finished(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download output.txt").click()
    assert download.value.suggested_filename == "output.txt"
    prompt, written = Path(download.value.path()).read_text().split("---- CONTINUATION")
    assert "ROMEO:\nWherefore" in prompt
    assert written.split("\n", 1)[1] == text + "\n"


def test_copy_and_download_wait_for_a_text(page: Page):
    buttons = [page.get_by_role("button", name=name, exact=True) for name in ("Copy", "Download output.txt")]
    for button in buttons:
        expect(button).to_be_disabled()
    write(page, "ROMEO:\n")
    finished(page)
    for button in buttons:
        expect(button).to_be_enabled()
    page.get_by_role("button", name="Clear").click()
    for button in buttons:
        expect(button).to_be_disabled()


def test_an_example_fills_the_prompt(page: Page):
    page.get_by_role("button", name="JULIET").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(re.compile("^JULIET:\n"))


def test_the_page_fits_a_phone_and_asks_the_network_for_nothing(browser: Browser, address: str):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    write(page, "ROMEO:\n")
    finished(page)
    for scheme, dark in (("light", 0), ("dark", 1)):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body.dark")).to_have_count(dark)
        expect(page.locator("#output-pane")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate("document.fonts.check('16px \"EB Garamond\"')")
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    context.close()
