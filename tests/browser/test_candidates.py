"""A text on the page with its prompt, and the candidates of its characters: where they are seen, and by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import TINTS, advanced, continuation, finished, write
from tests.browser.candidates import another, box, click, middle, panel, selected
from tinygpt import SampleConfig
from tinygpt.inference.beam_search import best_beams

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 780}
ACTIVE = "document.activeElement.dataset.character ?? document.activeElement.id"


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def written(page: Page, prompt: str = "ROMEO:\n", *, length: int = 60, seed: int = 7) -> str:
    write(page, prompt, length=length, seed=seed)
    return finished(page, length)


def heading(place: int) -> re.Pattern[str]:
    return re.compile(f"Character {place + 1:,}: .*(sampled|chosen by hand)")


def letter(text: str, start: int) -> int:
    """The position of some letter within a line, from a position on."""
    return next(place for place in range(start, len(text)) if text[place - 1 : place + 2].isalpha())


def popover(page: Page) -> dict[str, float]:
    """The box of the candidates, which is inside the screen."""
    there = panel(page).evaluate("panel => panel.getBoundingClientRect().toJSON()")
    size = page.viewport_size
    assert min(there["left"], there["top"], size["width"] - there["right"], size["height"] - there["bottom"]) >= 0
    return there


def assert_beside(page: Page) -> None:
    """The candidates are on the screen next to their character, which they do not cover."""
    there, character = popover(page), selected(page)
    assert there["left"] - character["right"] <= 0 <= there["right"] - character["left"]
    gap = max(there["top"] - character["bottom"], character["top"] - there["bottom"])
    assert 0 <= gap < 20
    assert there["height"] > 150


def test_on_a_desk_candidates_open_beside_their_character_and_follow_it(page: Page):
    page.set_viewport_size(DESK)
    text = written(page, length=1200)
    for start in (0, 250, 600, 1150):
        place = letter(text, start)
        click(page, place)
        expect(panel(page)).to_contain_text(heading(place))
        assert_beside(page)
        if start < 1150:
            page.keyboard.press("Escape")
    page.locator("#output-pane .prose").evaluate("pane => pane.scrollBy({ top: -60, behavior: 'instant' })")
    page.wait_for_function(f"Math.abs({_distance()}) < 20")
    assert_beside(page)
    page.set_viewport_size({"width": 900, "height": 800})
    page.wait_for_function(f"Math.abs({_distance()}) < 20")
    popover(page)


def _distance() -> str:
    """JavaScript: how far the candidates are from their character, upwards or downwards."""
    return """((panel, character) => Math.max(panel.top - character.bottom, character.top - panel.bottom))(
        document.querySelector(".candidates").getBoundingClientRect(),
        [...CSS.highlights.get("here")][0].getBoundingClientRect())"""


def test_on_a_phone_candidates_come_in_a_sheet_from_below_with_the_character_above_it(page: Page):
    page.set_viewport_size(PHONE)
    text = written(page, length=600)
    for start in (0, 580):
        place = letter(text, start)
        click(page, place)
        expect(panel(page)).to_contain_text(heading(place))
        there, character = popover(page), selected(page)
        assert (there["left"], there["right"], there["bottom"]) == (0, 360, 780)
        assert there["height"] <= 0.6 * 780 + 1
        assert min(character["top"], there["top"] - character["bottom"]) >= 0
        page.get_by_role("button", name="Next letter").click()
        expect(panel(page)).to_contain_text(heading(place + 1))
        page.get_by_role("button", name="Close", exact=True).click()
        expect(panel(page)).to_have_count(0)


def test_whoever_steers_by_keyboard_stays_at_the_candidates_and_gets_back_to_the_text(page: Page):
    text = written(page)
    continuation(page).focus()
    for key in (*["ArrowRight"] * 9, "Enter"):
        page.keyboard.press(key)
    expect(panel(page).locator(":focus")).to_have_attribute("data-character", re.compile(r"[\s\S]"))
    page.keyboard.press("ArrowDown")
    if page.evaluate(ACTIVE) == text[8]:  # it stands there already
        page.keyboard.press("ArrowDown")
    chosen = page.evaluate(ACTIVE)
    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("chosen by hand")
    assert finished(page)[:9] == text[:8] + chosen
    assert page.evaluate(ACTIVE) == chosen
    expect(panel(page).locator(":focus")).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowRight")
    expect(panel(page)).to_contain_text(heading(9))
    expect(panel(page).locator(":focus")).to_have_count(1)
    another(page).focus()
    page.keyboard.press("Enter")  # and once more, at the next character
    expect(panel(page)).to_contain_text(re.compile("Character 10: .*chosen by hand"))
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(continuation(page)).to_be_focused()
    assert finished(page)[8] == chosen


def test_arrow_keys_move_along_the_text_with_the_candidates(page: Page):
    text = written(page)
    place = letter(text, 20)
    click(page, place)
    expect(panel(page)).to_contain_text(heading(place))
    expect(continuation(page)).to_be_focused()
    panel(page).locator("details").evaluate("others => (others.open = false)")  # another test may have unfolded them
    for key, there in (("ArrowRight", place + 1), ("ArrowLeft", place), ("End", 59), ("ArrowRight", 59), ("Home", 0)):
        page.keyboard.press(key)
        expect(panel(page)).to_contain_text(heading(there))
    page.keyboard.press("ArrowDown")  # into the candidates
    likeliest = page.evaluate(ACTIVE)
    for key in ("ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate(ACTIVE) == likeliest
    for _ in range(10):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # unfolds the others
    page.keyboard.press("ArrowDown")
    expect(panel(page).locator("details [data-character]").first).to_be_focused()


def test_candidates_go_when_one_presses_elsewhere_but_stay_for_the_sliders(page: Page):
    place = letter(written(page), 20)
    click(page, place)
    expect(panel(page)).to_be_visible()
    page.get_by_role("spinbutton", name=re.compile("Temperature")).click()
    page.get_by_role("slider", name=re.compile("Temperature")).click()
    expect(panel(page)).to_contain_text(heading(place))
    page.locator("#output-pane .caption").click(position={"x": 8, "y": 8})
    expect(panel(page)).to_have_count(0)
    click(page, place)
    expect(panel(page)).to_be_visible()
    page.get_by_role("textbox", name="Prompt").focus()
    expect(panel(page)).to_have_count(0)


def test_candidates_stay_for_a_press_that_begins_or_ends_at_them_or_a_slider(page: Page):
    place = letter(written(page), 20)
    click(page, place)
    expect(panel(page)).to_contain_text(heading(place))
    page.get_by_role("spinbutton", name=re.compile("Temperature")).scroll_into_view_if_needed()
    elsewhere = page.locator("#output-pane .caption")
    slider, field = (page.get_by_role(role, name=re.compile("Temperature")) for role in ("slider", "spinbutton"))
    for first, last in (
        (slider, elsewhere),
        (field, elsewhere),
        (panel(page).locator("summary"), elsewhere),
        (elsewhere, panel(page).locator("summary")),
    ):
        first.hover(position={"x": 8, "y": 8})
        page.mouse.down()
        last.hover(position={"x": 8, "y": 8})
        page.mouse.up()
        expect(panel(page)).to_contain_text(heading(place))
    elsewhere.click(position={"x": 8, "y": 8})
    expect(panel(page)).to_have_count(0)


def test_the_prompt_stands_before_the_text_paler_and_is_no_part_of_its_characters(page: Page):
    text = written(page, "ROMEO:\nO, my sweet")
    pane = page.locator("#output-pane .output-text")
    assert pane.evaluate("pane => getSelection().selectAllChildren(pane) ?? getSelection().toString()") == (
        f"ROMEO:\nO, my sweet{text}"
    )
    page.evaluate("getSelection().empty()")
    colors = [
        page.locator(part).evaluate("part => getComputedStyle(part).color")
        for part in (".prompt-text", "#continuation")
    ]
    assert colors[0] != colors[1]
    first = box(page, 0)
    prompt = page.locator(".prompt-text").bounding_box()
    assert prompt["y"] < first["y"] < prompt["y"] + prompt["height"]  # on the line on which the prompt ends
    page.mouse.click(prompt["x"] + 40, prompt["y"] + prompt["height"] - 10)
    expect(panel(page)).to_have_count(0)
    place = letter(text, 1)
    click(page, place)
    expect(panel(page)).to_contain_text(heading(place))


def test_a_long_prompt_is_folded_and_the_text_is_in_view(page: Page):
    prompt = "".join(f"{chr(97 + n)}, and so on.\n" for n in range(26))
    text = written(page, prompt)
    expect(page.locator(".prompt-text")).to_have_text(re.compile(r"^v, and so on[\s\S]*z, and so on\.\n$"))
    first, view = box(page, 0), page.locator("#output-pane .prose").bounding_box()
    assert view["y"] < first["y"] < view["y"] + 0.6 * view["height"]
    page.get_by_role("button", name="Show the whole prompt").click()
    expect(page.locator(".prompt-text")).to_have_js_property("textContent", prompt)
    expect(page.get_by_role("button", name="Show the whole prompt")).to_be_hidden()
    assert continuation(page).text_content() == text


def test_the_letter_under_the_mouse_is_marked_and_none_under_a_finger(page: Page):
    text = written(page)
    place = letter(text, 20)
    pointed = "[...CSS.highlights.get('pointed')].map(String)"
    page.mouse.move(*middle(page, place))
    assert page.evaluate(pointed) == [text[place]]
    page.mouse.move(5, 5)
    assert page.evaluate(pointed) == []
    x, y = middle(page, place)
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(panel(page)).to_contain_text(heading(place))
    assert page.evaluate(pointed) == []


def test_the_text_of_a_beam_search_is_shaded_too(page: Page, shipped):
    advanced(page)
    page.get_by_role("radio", name=re.compile("beam", re.I)).check()
    write(page, "ROMEO:\n")
    text = finished(page)
    *_, beam = best_beams(*shipped, "ROMEO:\n", SampleConfig(max_new_tokens=60, beam_width=4))
    assert text == beam.text
    assert page.evaluate(TINTS) == re.sub("[5-9]", "-", beam.confidence)
