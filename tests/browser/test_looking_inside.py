"""Looking inside, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import finished, write
from tests.browser.inside import (
    attention,
    go_to_station,
    look_at_attention,
    look_inside,
    percent,
    quoted,
    readout,
    window,
)

PROMPT = "JULIET:\nO,"


@pytest.fixture
def page(same_page: Page) -> Page:
    """The page that the tests share. Each writes with another seed, or it could look at the text of the one before."""
    return same_page


def test_a_click_on_a_character_shows_what_it_reads_and_the_diagram_of_it(page: Page):
    write(page, PROMPT, seed=8)
    text = PROMPT + finished(page)
    look_at_attention(page, text)
    for place in (2, len(PROMPT) + 20):  # in the prompt and in the continuation
        window(page).locator("span").nth(place).click()
        expect(readout(page)).to_contain_text(f"character {place + 1},")
        expect(page.locator("svg.diagram")).to_contain_text(f"{place + 1} of at most 256 characters")
        after = quoted(text[place + 1])
        expect(page.locator("svg.diagram")).to_contain_text(
            f"{after} came next, as the prompt says" if place < len(PROMPT) - 1 else f"falls on {after}"
        )


def test_the_keyboard_reaches_characters_heads_and_cells(page: Page):
    write(page, PROMPT, seed=10)
    text = PROMPT + finished(page)
    look_at_attention(page, text)
    window(page).focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(readout(page)).to_contain_text("“L”, character 3,")
    page.get_by_role("button", name="Block 2, head 1").focus()
    page.keyboard.press("Enter")
    expect(readout(page)).to_contain_text("Block 2, head 1:")
    for key in ("ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(readout(page)).to_contain_text("Block 3, head 2:")
    expect(page.get_by_role("button", name="Block 3, head 2")).to_be_focused()
    page.locator("#inside .large").focus()
    page.keyboard.press("ArrowLeft")
    expect(readout(page)).to_contain_text("“L” attends to “U”, 1 back")
    page.keyboard.press("ArrowUp")
    expect(readout(page)).to_contain_text("“U” attends to “U”, itself")
    page.keyboard.press("Enter")
    expect(readout(page)).to_contain_text("“U”, character 2,")
    expect(page).to_have_url(re.compile("index=1&"))
    address = page.url
    page.get_by_role("link", name="All on one page").click()
    expect(page).to_have_url(address.replace("station=attention", "station=all"))
    address = page.url
    page.locator("svg.diagram a").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lesson-attention")).to_be_in_viewport()
    expect(page.locator("#lesson-attention")).to_be_focused()
    assert page.url == address
    page.get_by_role("link", name="One station at a time").click()


IN_VIEW = """() => {
    const lesson = document.querySelector(".lesson:not([hidden])");
    const parts = lesson.querySelectorAll("h2, svg.station, .overview, .temperature input, .words > p");
    return [...document.querySelectorAll(".walk nav, .window .here"), ...parts]
        .filter((each) => each.checkVisibility())
        .map((each) => [each.nodeName, each.getBoundingClientRect()])
        .filter(([, box]) => box.top < -1 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1)
        .map(([name, box]) => `${lesson.id} ${name} ${Math.round(box.top)} to ${Math.round(box.bottom)}`);
}"""


def test_each_station_is_a_place_with_its_numbers_and_words_in_view_together(page: Page):
    write(page, PROMPT, seed=25)
    text = PROMPT + finished(page)
    for width, height in ((1280, 800), (360, 780)):
        page.set_viewport_size({"width": width, "height": height})
        look_inside(page, text)
        go_to_station(page, "Characters")
        for name in ("Embedding", "Attention", "Feed-forward", "Residual", "Logits", "Probabilities", "Sampling"):
            page.get_by_role("button", name="Next").click()
            expect(page.locator(f"#lesson-{name.lower()}")).to_be_visible()
            assert page.evaluate(IN_VIEW) == []
        expect(page).to_have_url(re.compile("tab=inside&station=sampling"))
    page.get_by_role("button", name="Back").click()
    window(page).locator("span").nth(20).click()
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#lesson-logits")).to_be_visible()
    page.go_back()
    expect(page.locator("#lesson-probabilities")).to_be_visible()
    expect(page).to_have_url(re.compile("station=probabilities.*index=20"))
    page.go_back()
    expect(page.locator("#lesson-sampling")).to_be_visible()
    page.go_forward()
    expect(page.locator("#lesson-probabilities")).to_be_visible()

    temperature = page.get_by_role("slider", name="Temperature").and_(page.locator(".temperature input"))
    temperature.fill("0")
    expect(page.locator(".temperature svg .middle").first).to_have_text("100%")
    page.get_by_role("tab", name="Write").click()
    expect(page.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("0.8")


def test_a_prompt_can_be_looked_into_before_anything_is_written(page: Page):
    page.get_by_role("textbox", name="Prompt").fill("ROMÉO:<b>\n")
    look_at_attention(page, "ROMEO:b\n")
    expect(window(page)).to_have_js_property("textContent", "ROMEO:b\n")
    expect(page.locator("svg.diagram")).to_contain_text("the text ends here")


def test_the_way_from_a_candidate_leads_to_how_the_model_came_to_it(page: Page):
    write(page, PROMPT, seed=11)
    text = finished(page)
    page.locator("#continuation").focus()
    for key in (*["ArrowRight"] * 31, "Enter"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Look inside: see how the model got here").click()
    expect(readout(page)).to_contain_text(f"character {len(PROMPT) + 30},")
    expect(page.locator("svg.diagram")).to_contain_text("the random number")
    expect(page.locator("svg.diagram")).to_contain_text(text[30].replace("\n", "↵").replace(" ", "␣"))


def test_a_second_text_takes_the_place_of_the_first(page: Page, shipped):
    for prompt, length in ((PROMPT, 60), ("ROMEO:\n", 40)):
        page.get_by_role("tab", name="Write").click()
        write(page, prompt, seed=12, length=length)
        text = prompt + finished(page, length)
        look_at_attention(page, text)
        expect(window(page)).to_have_js_property("textContent", text)
        page.get_by_role("button", name="Block 4, head 3").click()
        window(page).locator("span").nth(20).click()
        expect(readout(page)).to_contain_text("Block 4, head 3: ")
        most = attention(shipped, text)[3, 2, 20].max()
        assert percent(readout(page).text_content()) == pytest.approx(100 * most, abs=1)
        window(page).focus()
        page.keyboard.press("ArrowRight")
        expect(readout(page)).to_contain_text("character 22,")


def test_in_a_text_longer_than_the_context_a_window_stays_the_same_wherever_it_is_looked_at(page: Page, shipped):
    write(page, PROMPT, seed=13, length=500)
    text = PROMPT + finished(page, 500)
    look_at_attention(page, text)
    shown = window(page).text_content()
    diagram = page.locator("svg.diagram")
    for place in (5, len(shown) - 9, 5):  # the first was written with more before it
        window(page).locator("span").nth(place).click()
        expect(readout(page)).to_contain_text(f"character {place + 1},")
        expect(diagram).to_contain_text(f"{place + 1} of at most 256 characters")
        expect(diagram).to_contain_text("sampled in the previous window" if place == 5 else "the random number")
    page.get_by_role("button", name="Block 1, head 1").click()
    expect(readout(page)).to_contain_text("Block 1, head 1: ")
    most = attention(shipped, shown)[0, 0, 5].max()
    assert percent(readout(page).text_content()) == pytest.approx(100 * most, abs=1)


def test_whoever_comes_back_finds_what_they_looked_at(page: Page):
    write(page, PROMPT, seed=14)
    text = PROMPT + finished(page)
    look_at_attention(page, text)
    page.get_by_role("button", name="Block 4, head 3").click()
    window(page).locator("span").nth(20).click()
    expect(page.locator("svg.diagram")).to_contain_text("21 of at most 256 characters")
    page.get_by_role("tab", name="Write").click()
    look_at_attention(page, text)
    expect(readout(page)).to_contain_text("Block 4, head 3: ")
    expect(page.locator("svg.diagram")).to_contain_text("block 4, head 3")
    expect(page.locator("svg.diagram")).to_contain_text("21 of at most 256 characters")


def test_each_visitor_looks_into_their_own_text(page: Page, browser: Browser, address: str):
    other = browser.new_page()
    other.goto(address)
    write(page, "ROMEO:\n", seed=1)
    write(other, "KING:\n", seed=2)
    texts = ["ROMEO:\n" + finished(page), "KING:\n" + finished(other)]
    for one, text in zip((page, other), texts, strict=True):
        look_at_attention(one, text)
    for one, text in zip((page, other), texts, strict=True):
        expect(window(one)).to_have_js_property("textContent", text)
        window(one).locator("span").nth(1).click()
    expect(page.locator("svg.diagram")).to_contain_text("“M” came next")
    expect(other.locator("svg.diagram")).to_contain_text("“N” came next")
    other.close()


def test_a_selection_can_be_gone_to_and_one_that_does_not_exist_is_refused_in_view(page: Page):
    write(page, PROMPT, seed=17)
    text = PROMPT + finished(page)
    link = page.url.split("#")[1]

    def go_to_selection(position: int | None, index: int, layer: int, head: int) -> None:
        place = "" if position is None else f"&position={position}"
        fragment = f"#{link}&tab=inside{place}&index={index}&layer={layer}&head={head}"
        page.evaluate("(fragment) => (location.hash = fragment)", fragment)

    page.get_by_role("tab", name="Look inside").click()
    letters = [index for index, character in enumerate(text) if character.isalpha()]
    for position, index, layer, head in ((None, letters[9], 1, 2), (30, letters[12], 2, 0), (30, letters[9], 2, 0)):
        go_to_selection(position, index, layer, head)
        expect(readout(page)).to_contain_text(
            f"Block {layer + 1}, head {head + 1}: “{text[index]}”, character {index + 1},"
        )
        expect(page.locator("svg.diagram")).to_contain_text(f"{index + 1} of at most 256 characters")
    go_to_selection(30, 999, 0, 0)
    refused = page.get_by_text(
        "The index must be a whole number from 0 to 69, not 999: choose another character or head."
    )
    expect(refused).to_be_in_viewport()
    expect(readout(page)).to_contain_text(f"character {letters[9] + 1},")
    window(page).locator("span").nth(3).click()
    expect(refused).to_have_count(0)
    go_to_selection(40, 999, 0, 0)
    expect(refused).to_be_in_viewport()
    expect(page.locator("svg.diagram")).to_contain_text(f"{len(PROMPT) + 40} of at most 256 characters")
