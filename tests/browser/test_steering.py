"""Looking at a character of the continuation and steering from it, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import TINTS, advanced, continuation, finished, status, write
from tests.browser.candidates import another, click, panel
from tinygpt import SampleConfig
from tinygpt.inference.generation import characters
from tinygpt.inference.inspection import candidates

SETTINGS = SampleConfig(max_new_tokens=60, seed=7)


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def rows(page: Page) -> list[str]:
    return panel(page).locator("button[data-character]").evaluate_all("all => all.map(each => each.dataset.character)")


def share(page: Page, row: int) -> float:
    """What is sampled from: the last figure of a row, in percent."""
    return float(panel(page).locator("li:not(.head)").nth(row).locator("span").last.text_content().rstrip("%"))


def visible_place(text: str, start: int = 20) -> int:
    """Some letter in the middle of a line."""
    return next(place for place in range(start, 60) if text[place - 1 : place + 2].isalpha())


def test_a_click_on_a_character_shows_who_else_could_have_stood_there(page: Page, shipped):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    place = visible_place(text)
    click(page, place)
    expect(panel(page)).to_contain_text(f"Character {place + 1}: {text[place]}, sampled")
    model, tokenizer = shipped
    wanted = candidates(model, tokenizer, "ROMEO:\n", text[:place], SETTINGS)
    ids = (-wanted.raw_V).argsort(kind="stable")
    assert rows(page) == [tokenizer.vocabulary[id] for id in ids]
    assert share(page, 0) == pytest.approx(100 * wanted.kept_V[ids[0]], abs=0.051)


def test_another_candidate_takes_its_place_and_the_text_goes_on_from_there(page: Page, shipped):
    write(page, "ROMEO:\n", seed=7)
    before = finished(page)
    place = visible_place(before)
    click(page, place)
    expect(panel(page)).to_be_visible()
    other = next(each for each in rows(page) if each != before[place])
    panel(page).locator(f'button[data-character="{other}"]').click()
    expect(panel(page)).to_contain_text("chosen by hand")
    after = finished(page)
    assert after[: place + 1] == before[:place] + other
    model, tokenizer = shipped
    assert after == "".join(c.text for c in characters(model, tokenizer, "ROMEO:\n", SETTINGS, {place: other}))


def test_steps_are_undone_one_by_one_without_writing_anew(page: Page):
    write(page, "ROMEO:\n", seed=7)
    versions, undo = [], page.get_by_role("button", name="Undo")
    for place in (30, 20):
        versions.append((finished(page), continuation(page).get_attribute("data-link"), status(page).text_content()))
        expect(undo).to_be_visible(visible=len(versions) > 1)
        click(page, visible_place(versions[-1][0], place))
        expect(panel(page)).to_contain_text(f"Character {visible_place(versions[-1][0], place) + 1}:")
        another(page, 1).click()
        expect(continuation(page)).not_to_have_attribute("data-link", versions[-1][1])
    finished(page)
    page.route("**/queue/join*", lambda route: route.abort())  # nothing is asked for
    undo.focus()
    for text, link, lines in reversed(versions):
        page.keyboard.press("Enter")
        expect(continuation(page)).to_have_attribute("data-link", link)
        assert (continuation(page).text_content(), status(page).text_content()) == (text, lines)
    page.unroute("**/queue/join*")
    expect(undo).to_be_hidden()
    expect(continuation(page)).to_be_focused()


def test_the_keyboard_reaches_every_character_and_its_candidates(page: Page):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    continuation(page).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(panel(page)).to_contain_text("Character 2:")
    continuation(page).focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("Character 60:")
    another(page).focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("chosen by hand")
    assert finished(page)[:-1] == text[:-1]


def test_a_candidate_in_view_can_be_chosen_while_the_same_ones_are_asked_for_again(page: Page):
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    continuation(page).focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(another(page)).to_be_visible()
    another(page).evaluate("""button => {
        const enter = { key: "Enter", bubbles: true, cancelable: true };
        document.getElementById("continuation").dispatchEvent(new KeyboardEvent("keydown", enter));
        button.click();
    }""")
    expect(panel(page)).to_contain_text("chosen by hand")


def test_the_character_that_the_keys_choose_is_in_sight(page: Page):
    write(page, "ROMEO:\n", seed=7, length=2000)
    finished(page, 2000)
    continuation(page).focus()
    in_sight = """() => {
        const [mark] = [...CSS.highlights.get("here")].map((range) => range.getBoundingClientRect());
        const view = document.querySelector("#output-pane .prose").getBoundingClientRect();
        return mark.top >= view.top && mark.bottom <= view.bottom;
    }"""
    for key in ("Home", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        assert page.evaluate(in_sight)


def test_the_bars_move_with_the_sliders_and_nothing_is_written_again(page: Page):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    advanced(page)
    click(page, visible_place(text))
    expect(panel(page)).to_be_visible()
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).to_have_text("100.0%")
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("2")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).not_to_have_text("100.0%")
    page.get_by_role("spinbutton", name=re.compile("Top-k")).fill("1")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).to_have_text("100.0%")
    assert continuation(page).text_content() == text


def test_every_letter_is_tinted_as_its_confidence_says_text_after_text(page: Page, shipped):
    prompt, length = "KING RICHARD:\nMy coffee is grown cold, and", 150
    for seed in range(1, 16):
        write(page, prompt, seed=seed, length=length)
        expect(continuation(page)).to_have_attribute("data-link", re.compile(f'"seed": "{seed}"'), timeout=60_000)
        written = list(characters(*shipped, prompt, SampleConfig(max_new_tokens=length, seed=seed)))
        assert continuation(page).text_content() == "".join(each.text for each in written)
        sure = "".join(str(int(10 * each.probability)) if each.probability < 0.5 else "-" for each in written)
        assert page.evaluate(TINTS) == sure, seed
    page.get_by_label("Shade letters the model was unsure about").uncheck()
    expect(page.locator("#output-pane")).not_to_have_class(re.compile("tinted"))


def test_the_link_of_a_text_writes_it_again_exactly_forced_characters_and_all(page: Page, browser: Browser):
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("1.1")
    write(page, "JULIET:\nO,", seed=2**64 - 1)
    text = finished(page)
    click(page, visible_place(text))
    another(page, 1).click()
    expect(panel(page)).to_contain_text("chosen by hand")
    text = finished(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    other = browser.new_page(reduced_motion="reduce")
    other.goto(page.evaluate("navigator.clipboard.readText()"))
    assert finished(other) == text
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value("JULIET:\nO,")
    expect(other.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("1.1")
    assert other.evaluate("[...CSS.highlights.get('forced')].length") == 1
    other.close()


def test_a_new_text_puts_the_panel_away(page: Page):
    write(page, "ROMEO:\n", seed=7)
    click(page, visible_place(finished(page)))
    expect(panel(page)).to_be_visible()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(panel(page)).to_have_count(0)
    finished(page)
    page.get_by_role("button", name="Clear").click()
    expect(continuation(page)).to_have_count(0)


def test_what_stands_in_the_training_text_is_underlined(page: Page):
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0.4")
    write(page, "ROMEO:\n", length=400, seed=97)
    text = finished(page, 400)
    expect(page.locator("#status")).to_contain_text("word for word")
    known = page.evaluate("[...CSS.highlights.get('memorized')].map(range => range.toString())")
    assert known == [".\n\nCORIOLANUS:\nWhat is the matter"]
    assert known[0] in text
