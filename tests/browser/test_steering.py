"""Looking at a character of the continuation and steering from it, in a real browser."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.acts import advanced, continuation, finished, write
from tests.browser.visitor import opened
from tinygpt import SampleConfig
from tinygpt.inference.generation import characters
from tinygpt.inference.inspection import candidates

SETTINGS = SampleConfig(max_new_tokens=60, seed=7)


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def click(page: Page, place: int) -> None:
    """Click on a character as a person does: where it stands."""
    x, y = page.evaluate(
        """place => {
            const walker = document.createTreeWalker(document.getElementById("continuation"), NodeFilter.SHOW_TEXT);
            let node;
            while ((node = walker.nextNode()).length <= place) place -= node.length;
            const range = new Range();
            range.setStart(node, place);
            range.setEnd(node, place + 1);
            node.parentElement.scrollIntoView({ block: "center", behavior: "instant" });
            const box = range.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }""",
        place,
    )
    page.mouse.click(x, y)


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Candidates")


def rows(page: Page) -> list[str]:
    return panel(page).locator("button[data-character]").evaluate_all("all => all.map(each => each.dataset.character)")


def share(page: Page, row: int) -> float:
    """What is sampled from: the last figure of a row, in percent."""
    return float(panel(page).locator("li:not(.head)").nth(row).locator("span").last.text_content().rstrip(" %"))


def visible_place(text: str) -> int:
    """Some letter in the middle of a line."""
    return next(place for place in range(20, 60) if text[place - 1 : place + 2].isalpha())


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
    expect(panel(page)).to_have_count(0)
    after = finished(page)
    assert after[: place + 1] == before[:place] + other
    model, tokenizer = shipped
    assert after == "".join(c.text for c in characters(model, tokenizer, "ROMEO:\n", SETTINGS, {place: other}))
    click(page, place)
    expect(panel(page)).to_contain_text("chosen by hand")


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
    panel(page).locator("button:enabled").first.focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_have_count(0)
    assert finished(page)[:-1] == text[:-1]


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
    click(page, visible_place(text))
    expect(panel(page)).to_be_visible()
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).to_have_text("100.0 %")
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("2")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).not_to_have_text("100.0 %")
    advanced(page)
    page.get_by_role("spinbutton", name=re.compile("Top-k")).fill("1")
    expect(panel(page).locator("li:not(.head)").first.locator("span").last).to_have_text("100.0 %")
    assert continuation(page).text_content() == text


def test_what_the_model_was_unsure_of_is_tinted_until_the_tint_is_switched_off(page: Page, shipped):
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    tinted = "level => [...CSS.highlights.get(`uncertain-${level}`)].reduce((sum, part) => sum + `${part}`.length, 0)"
    model, tokenizer = shipped
    sure = [min(9, int(10 * c.probability)) for c in characters(model, tokenizer, "ROMEO:\n", SETTINGS)]
    assert [page.evaluate(tinted, level) for level in range(5)] == [sure.count(level) for level in range(5)]
    # gradio may write a text's last part once more, after everything else.
    page.evaluate("document.getElementById('continuation').lastChild.data += ''")
    assert [page.evaluate(tinted, level) for level in range(5)] == [sure.count(level) for level in range(5)]
    assert sure.count(0)
    page.get_by_label("Tint what the model was unsure of").uncheck()
    expect(page.locator("#output-pane")).not_to_have_class(re.compile("tinted"))


def test_the_link_of_a_text_writes_it_again_exactly_forced_characters_and_all(page: Page, browser: Browser):
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("1.1")
    write(page, "JULIET:\nO,", seed=2**64 - 1)
    text = finished(page)
    click(page, visible_place(text))
    panel(page).locator("button:enabled").nth(2).click()
    expect(panel(page)).to_have_count(0)
    text = finished(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    other = browser.new_page()
    other.goto(page.evaluate("navigator.clipboard.readText()"))
    assert finished(other) == text
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value("JULIET:\nO,")
    expect(other.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("1.1")
    assert other.evaluate("[...CSS.highlights.get('forced')].length") == 1
    other.close()


def test_a_link_of_other_weights_says_so_and_one_that_is_broken_is_refused(page: Page, address: str):
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    page.get_by_role("button", name="As JSON").click()
    link = page.locator("#json textarea").input_value()
    others = re.sub('"weights_sha256": "[^"]*"', f'"weights_sha256": "{64 * "0"}"', link)
    with opened(page.context, f"{address}/?recipe={quote(others)}") as other:
        finished(other)
        expect(other.locator("#status")).to_contain_text("from other weights")
        other.goto(f"{address}/?recipe={quote(link[:-9])}")
        expect(other.locator("#status")).to_contain_text("the link is incomplete")


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
    write(page, "ROMEO:\n", length=400, seed=53)
    text = finished(page, 400)
    expect(page.locator("#status")).to_contain_text("word for word")
    known = page.evaluate("[...CSS.highlights.get('memorized')].map(range => range.toString())")
    assert known == [".\n\nHENRY BOLINGBROKE:\nAnd what "]
    assert known[0] in text
