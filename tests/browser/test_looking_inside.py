"""Looking inside, in a real browser."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.acts import finished, write
from tinygpt.engines.selection import as_engine

PROMPT = "JULIET:\nO,"


@pytest.fixture
def page(same_page: Page) -> Page:
    """The page that the tests share. Each writes with another seed, or it could look at the text of the one before."""
    return same_page


def look_inside(page: Page, text: str) -> None:
    """Open the tab, and wait until it shows the end of this text."""
    page.get_by_role("tab", name="Look inside").click()
    expect(page.locator("svg.diagram")).to_be_visible(timeout=60_000)
    shown = "document.querySelector('#heads .window')?.textContent"
    page.wait_for_function(f"text => {shown} && text.endsWith({shown})", arg=text)
    expect(readout(page)).to_contain_text("attends most to")


def window(page: Page) -> Locator:
    return page.locator("#heads .window")


def readout(page: Page) -> Locator:
    return page.locator("#heads .readout")


def attention(shipped, text: str) -> np.ndarray:
    model, tokenizer = shipped
    return as_engine(model).activations(tokenizer.encode(text)).attention()


def percent(sentence: str) -> int:
    """The first weight in a sentence."""
    return int(re.search(r"(\d+) %", sentence)[1])


def test_every_head_of_every_block_is_there_and_tells_what_the_chosen_character_reads(page: Page, shipped):
    write(page, PROMPT, seed=7)
    text = PROMPT + finished(page)
    look_inside(page, text)
    expect(window(page)).to_have_js_property("textContent", text)
    weights_LHTT = attention(shipped, text)
    layers, heads = weights_LHTT.shape[:2]
    expect(page.locator("#heads .overview button")).to_have_count(layers * heads)
    here = len(text) - 2  # the text's last character came from it
    for layer, head in ((0, 0), (layers - 1, heads - 1), (2, 1)):
        page.get_by_role("button", name=f"Block {layer + 1}, head {head + 1}").click()
        expect(readout(page)).to_contain_text(
            f"Block {layer + 1}, head {head + 1}: “{text[here]}”, character {here + 1},"
        )
        most = weights_LHTT[layer, head, here].max()
        assert percent(readout(page).text_content()) == pytest.approx(100 * most, abs=1)
        expect(page.locator("svg.diagram")).to_contain_text(f"Attention: block {layer + 1}, head {head + 1}")


def test_a_click_on_a_character_shows_what_it_reads_and_the_diagram_of_it(page: Page):
    write(page, PROMPT, seed=8)
    text = PROMPT + finished(page)
    look_inside(page, text)
    for place in (2, len(PROMPT) + 20):  # in the prompt and in the continuation
        window(page).locator("span").nth(place).click()
        expect(readout(page)).to_contain_text(f"character {place + 1},")
        expect(page.locator("svg.diagram")).to_contain_text(f"{place + 1} of at most 256 characters")
        after = text[place + 1].replace("\n", "↵").replace(" ", "␣")
        expect(page.locator("svg.diagram")).to_contain_text(
            f"“{after}” came next, as given in the prompt" if place < len(PROMPT) - 1 else f"that is “{after}”"
        )


def test_hovering_tells_the_weight_between_two_characters_and_where_the_mask_is(page: Page, shipped):
    write(page, PROMPT, seed=9)
    text = PROMPT + finished(page)
    look_inside(page, text)
    weights_TT = attention(shipped, text)[0, 0]
    large, T = page.locator("#heads .large"), len(text)
    large.scroll_into_view_if_needed()
    box = large.bounding_box()

    def hover(row: int, column: int) -> None:
        page.mouse.move(box["x"] + (column + 0.5) * box["width"] / T, box["y"] + (row + 0.5) * box["height"] / T)

    row = int(weights_TT[:, :-1].diagonal(-1)[5:].argmax()) + 6  # some character that reads much of the one before
    hover(row, row - 1)
    expect(readout(page)).to_contain_text("1 back: ")
    assert percent(readout(page).text_content()) == pytest.approx(100 * weights_TT[row, row - 1], abs=1)
    hover(row, row + 1)
    expect(readout(page)).to_contain_text("1 later: masked")
    window(page).locator("span").nth(0).hover()
    expect(readout(page)).to_contain_text(f"{T - 2} back")


def test_the_keyboard_reaches_characters_heads_and_cells(page: Page):
    write(page, PROMPT, seed=10)
    text = PROMPT + finished(page)
    look_inside(page, text)
    window(page).focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(readout(page)).to_contain_text("“L”, character 3,")
    page.get_by_role("button", name="Block 2, head 1").focus()
    page.keyboard.press("Enter")
    expect(readout(page)).to_contain_text("Block 2, head 1:")
    page.locator("#heads .large").focus()
    page.keyboard.press("ArrowLeft")
    expect(readout(page)).to_contain_text("“L” attends to “U”, 1 back")
    page.keyboard.press("ArrowUp")
    expect(readout(page)).to_contain_text("“U” attends to “U”, itself")
    page.keyboard.press("Enter")
    expect(readout(page)).to_contain_text("“U”, character 2,")
    page.locator("svg.diagram a").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lesson-attention")).to_be_in_viewport()


def test_a_prompt_can_be_looked_into_before_anything_is_written(page: Page):
    page.get_by_role("textbox", name="Prompt").fill("ROMÉO:<b>\n")
    look_inside(page, "ROMEO:b\n")
    expect(window(page)).to_have_js_property("textContent", "ROMEO:b\n")
    expect(page.locator("svg.diagram")).to_contain_text("here the text ends")


def test_the_way_from_a_candidate_leads_to_how_the_model_came_to_it(page: Page):
    write(page, PROMPT, seed=11)
    text = finished(page)
    page.locator("#continuation").focus()
    for key in (*["ArrowRight"] * 31, "Enter"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Look inside: how the model came to it").click()
    expect(readout(page)).to_contain_text(f"character {len(PROMPT) + 30},")
    expect(page.locator("svg.diagram")).to_contain_text("the random number is")
    expect(page.locator("svg.diagram")).to_contain_text(text[30].replace("\n", "↵").replace(" ", "␣"))


def test_a_second_text_takes_the_place_of_the_first(page: Page, shipped):
    for prompt, length in ((PROMPT, 60), ("ROMEO:\n", 40)):
        page.get_by_role("tab", name="Write").click()
        write(page, prompt, seed=12, length=length)
        text = prompt + finished(page, length)
        look_inside(page, text)
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
    look_inside(page, text)
    shown = window(page).text_content()
    diagram = page.locator("svg.diagram")
    for place in (5, len(shown) - 9, 5):  # the first was written with more before it
        window(page).locator("span").nth(place).click()
        expect(readout(page)).to_contain_text(f"character {place + 1},")
        expect(diagram).to_contain_text(f"{place + 1} of at most 256 characters")
        expect(diagram).to_contain_text("sampled in the window before" if place == 5 else "the random number is")
    page.get_by_role("button", name="Block 1, head 1").click()
    expect(readout(page)).to_contain_text("Block 1, head 1: ")
    most = attention(shipped, shown)[0, 0, 5].max()
    assert percent(readout(page).text_content()) == pytest.approx(100 * most, abs=1)


def test_whoever_comes_back_finds_what_they_looked_at(page: Page):
    write(page, PROMPT, seed=14)
    text = PROMPT + finished(page)
    look_inside(page, text)
    page.get_by_role("button", name="Block 4, head 3").click()
    window(page).locator("span").nth(20).click()
    expect(page.locator("svg.diagram")).to_contain_text("21 of at most 256 characters")
    page.get_by_role("tab", name="Write").click()
    look_inside(page, text)
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
        look_inside(one, text)
    for one, text in zip((page, other), texts, strict=True):
        expect(window(one)).to_have_js_property("textContent", text)
        window(one).locator("span").nth(1).click()
    expect(page.locator("svg.diagram")).to_contain_text("“M” came next")
    expect(other.locator("svg.diagram")).to_contain_text("“N” came next")
    other.close()


def test_of_two_cells_chosen_in_one_moment_the_second_is_drawn(page: Page):
    write(page, PROMPT, seed=15)
    look_inside(page, PROMPT + finished(page))
    choose = """async ([first, second, pause]) => {
        const spans = document.querySelectorAll("#heads .window span");
        spans[first].click();
        if (pause) await new Promise((done) => setTimeout(done, pause));
        spans[second].click();
    }"""
    for first, second, pause in ((9, 40, 0), (40, 9, 0), (50, 3, 20), (3, 50, 20), (50, 3, 45)):
        page.evaluate(choose, [first, second, pause])
        expect(readout(page)).to_contain_text(f"character {second + 1},")
        expect(page.locator("svg.diagram")).to_contain_text(f"{second + 1} of at most 256 characters")
    page.evaluate("document.querySelectorAll('#heads .overview button').forEach((each) => each.click())")
    expect(page.locator("svg.diagram")).to_contain_text("Attention: block 6, head 3")
    expect(page.locator("svg.diagram")).to_contain_text("4 of at most 256 characters")
