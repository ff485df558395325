"""What a visitor does on the page, in a real browser."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import advanced, continuation, finished, lines_in_view, status, write
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


def test_the_reader_stays_at_the_beginning_of_a_long_text_until_it_goes_on(page: Page):
    write(page, "ROMEO:\n", length=1000, seed=7)
    finished(page, 1000)
    pane = page.locator("#output-pane .prose")
    expect(pane).to_have_js_property("scrollTop", 0)
    assert pane.evaluate("pane => pane.scrollHeight > 1.5 * pane.clientHeight")
    page.get_by_role("spinbutton", name=re.compile("Length")).fill("300")
    page.get_by_role("button", name="Continue").click()
    finished(page, 1300)
    assert 0 < pane.evaluate(WHERE, 1000) < 0.5
    expect(pane).to_have_js_property("scrollLeft", 0)


WHERE = """(pane, position) => {
    const walker = document.createTreeWalker(document.getElementById("continuation"), NodeFilter.SHOW_TEXT);
    let node;
    while ((node = walker.nextNode()).length <= position) position -= node.length;
    const character = new Range();
    character.setStart(node, position);
    const { top, height } = pane.getBoundingClientRect();
    return (character.getBoundingClientRect().top - top) / height;
}"""


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


def press_write_at_the_edge_of_the_screen(page: Page) -> None:
    page.evaluate(
        "scrollBy({ top: document.querySelector('#write').getBoundingClientRect().top, behavior: 'instant' })"
    )
    page.get_by_role("button", name="Write", exact=True).click()


@pytest.mark.parametrize("size", [(1280, 800), (1280, 480), (360, 780), (360, 440)], ids=str)
def test_what_comes_of_a_press_is_in_view_even_when_settings_are_unfolded(page: Page, size: tuple[int, int]):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    write(page, "ROMEO:\n", length=200, seed=6)
    finished(page, 200)
    seed = page.locator("#seed textarea, #seed input")
    seed.fill("7")
    press_write_at_the_edge_of_the_screen(page)
    expect(continuation(page)).to_have_attribute("data-link", re.compile('"seed": "7"'))
    text = finished(page, 200)
    assert lines_in_view(page) >= 3
    seed.fill("seven")
    press_write_at_the_edge_of_the_screen(page)
    error = status(page).get_by_text("Seed must be a whole number")
    expect(error).to_be_in_viewport(ratio=1)
    assert error.text_content().endswith(", not 'seven'. Correct this and try again.")
    expect(continuation(page)).to_have_text(text)


def test_a_wrong_value_in_a_field_that_is_folded_away_is_refused_with_its_name(page: Page):
    advanced(page)
    page.locator("#seed textarea, #seed input").fill("seven")
    page.get_by_role("button", name="Advanced").click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page).get_by_text("Seed must be a whole number")).to_be_visible()


def test_beam_width_is_there_for_beams_only(page: Page):
    advanced(page)
    width = page.get_by_role("slider", name="Beam width")
    expect(width).to_have_count(0)
    page.get_by_role("radio", name="Beam search").check()
    expect(width).to_be_visible()
    page.get_by_role("radio", name="Greedy").check()
    expect(width).to_have_count(0)


def test_copy_puts_the_text_on_the_clipboard(page: Page):
    write(page, "ROMEO:\n")
    text = finished(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_the_prompt_can_be_copied_too(page: Page):
    write(page, "ROMEO:\nO,")
    text = finished(page)
    page.get_by_role("button", name="Copy with prompt").click()
    expect(page.locator("#copy-all")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"ROMEO:\nO,{text}"


def link(page: Page) -> dict:
    return json.loads(continuation(page).get_attribute("data-link"))


def test_a_text_goes_on_as_often_as_one_likes(page: Page, shipped):
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    button = page.get_by_role("button", name="Continue")
    button.focus()
    for length in (120, 180):
        page.keyboard.press("Enter")
        text = finished(page, length)
        assert text == "".join(stream(*shipped, "ROMEO:\n", SampleConfig(max_new_tokens=length, seed=7)))
        assert (link(page)["length"], link(page)["seed"]) == (length, "7")
        expect(button).to_be_focused()


def test_a_text_that_met_its_stop_text_goes_on_past_it(page: Page, shipped):
    settings = SampleConfig(max_new_tokens=200, seed=7)
    stop = "".join(stream(*shipped, "ROMEO:\n", settings))[30:36]
    advanced(page)
    page.get_by_label("Stop at").fill(stop)
    write(page, "ROMEO:\n", seed=7)
    before = finished(page, 30)
    page.get_by_role("button", name="Continue").click()
    assert finished(page, 90).startswith(before + stop)
    page.get_by_label("Stop at").fill("")


def test_what_follows_a_beam_searchs_text_has_it_for_a_prompt(page: Page):
    advanced(page)
    page.get_by_role("radio", name="Beam search").check()
    write(page, "ROMEO:\n")
    before = finished(page)
    page.get_by_role("button", name="Continue").click()
    expect(continuation(page)).not_to_have_text(before)
    finished(page)
    assert (link(page)["prompt"], link(page)["strategy"]) == (f"ROMEO:\n{before}", "beam")


def test_output_txt_holds_both_texts_set_apart(page: Page):
    write(page, "ROMEO:\nWherefore")
    text = finished(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "output.txt"
    prompt, written = Path(download.value.path()).read_text().split("---- CONTINUATION")
    assert "ROMEO:\nWherefore" in prompt
    assert written.split("\n", 1)[1] == text + "\n"


def test_copy_and_download_wait_for_a_text(page: Page):
    buttons = [page.get_by_role("button", name=name, exact=True) for name in ("Copy", "Download")]
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
    context = browser.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
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
