"""The attention maps, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import finished, write
from tests.browser.inside import (
    attention,
    cell,
    expect_answer_beside_the_map,
    look_at_attention,
    percent,
    readout,
    scroll_to_middle_of_the_map,
    window,
)
from tests.browser.visitor import visited

PROMPT = "JULIET:\nO,"


@pytest.fixture
def page(same_page: Page) -> Page:
    """The page that the tests share. Each writes with another seed, or it could look at the text of the one before."""
    return same_page


def test_every_head_of_every_block_is_there_and_tells_what_the_chosen_character_reads(page: Page, shipped):
    write(page, PROMPT, seed=7)
    text = PROMPT + finished(page)
    look_at_attention(page, text)
    expect(window(page)).to_have_js_property("textContent", text)
    weights_LHTT = attention(shipped, text)
    layers, heads = weights_LHTT.shape[:2]
    expect(page.locator("#inside .overview button")).to_have_count(layers * heads)
    here = len(text) - 2  # the text's last character came from it
    shown = {" ": "space", "\n": "new line"}.get(text[here], text[here])
    for layer, head in ((0, 0), (layers - 1, heads - 1), (2, 1)):
        page.get_by_role("button", name=f"Block {layer + 1}, head {head + 1}").click()
        expect(readout(page)).to_contain_text(f"Block {layer + 1}, head {head + 1}: “{shown}”, character {here + 1},")
        most = weights_LHTT[layer, head, here].max()
        assert percent(readout(page).text_content()) == pytest.approx(100 * most, abs=1)
        expect(page.locator("svg.diagram")).to_contain_text(f"Attention: block {layer + 1}, head {head + 1}")
    for scheme, red in (("dark", 217), ("light", 138)):  # of the accent color
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"""() => [...document.querySelectorAll("#inside canvas")].every((canvas) => {{
            const [red, , , alpha] = canvas.getContext("2d").getImageData(0, 0, 1, 1).data;
            return alpha > 200 && Math.abs(red - {red}) < 3;
        }})""")


def test_hovering_tells_the_weight_between_two_characters_and_where_the_mask_is(page: Page, shipped):
    write(page, PROMPT, seed=9)
    text = PROMPT + finished(page)
    look_at_attention(page, text)
    weights_TT = attention(shipped, text)[0, 0]
    T = len(text)
    page.locator("#inside .large").scroll_into_view_if_needed()

    def hover(row: int, column: int) -> None:
        page.mouse.move(*cell(page, row, column, T))

    row = int(weights_TT[:, :-1].diagonal(-1)[5:].argmax()) + 6  # some character that reads much of the one before
    hover(row, row - 1)
    expect(readout(page)).to_contain_text("1 back: ")
    assert percent(readout(page).text_content()) == pytest.approx(100 * weights_TT[row, row - 1], abs=1)
    hover(row, row + 1)
    expect(readout(page)).to_contain_text("1 later: masked")
    expect_answer_beside_the_map(page)
    scroll_to_middle_of_the_map(page)
    page.mouse.click(*cell(page, T - 3, T - 4, T))
    expect(readout(page)).to_contain_text("1 back: ")
    expect_answer_beside_the_map(page)
    expect(page.locator("svg.diagram")).to_contain_text(f"{T - 2} of at most 256 characters")
    window(page).locator("span").nth(0).hover()
    expect(readout(page)).to_contain_text(f"{T - 3} back")


def test_a_text_that_scrolls_under_a_resting_pointer_is_not_pointed_at(page: Page):
    write(page, PROMPT, seed=24)
    look_at_attention(page, PROMPT + finished(page))
    page.evaluate("scrollTo(0, 0)")
    box = window(page).locator("span").nth(-4).bounding_box()  # near the last character, which is chosen and in view
    page.mouse.move(box["x"] + 2, 2)
    said = readout(page).text_content()
    window(page).evaluate("each => { each.onpointerover = () => (window.sent = true) }")
    page.mouse.wheel(0, box["y"])
    page.wait_for_function("window.sent")
    expect(readout(page)).to_have_text(said)


def test_of_two_cells_chosen_in_one_moment_the_second_is_drawn(page: Page):
    write(page, PROMPT, seed=15)
    look_at_attention(page, PROMPT + finished(page))
    choose = """async ([first, second, pause]) => {
        const spans = document.querySelectorAll("#inside .window span");
        spans[first].click();
        if (pause) await new Promise((done) => setTimeout(done, pause));
        spans[second].click();
    }"""
    for first, second, pause in ((9, 40, 0), (40, 9, 0), (50, 3, 20), (3, 50, 20), (50, 3, 45)):
        page.evaluate(choose, [first, second, pause])
        expect(readout(page)).to_contain_text(f"character {second + 1},")
        expect(page.locator("svg.diagram")).to_contain_text(f"{second + 1} of at most 256 characters")
    page.evaluate("document.querySelectorAll('#inside .overview button').forEach((each) => each.click())")
    expect(page.locator("svg.diagram")).to_contain_text("Attention: block 6, head 3")
    expect(page.locator("svg.diagram")).to_contain_text("4 of at most 256 characters")


def test_a_touch_on_a_phone_is_answered_in_view_wherever_it_is(browser: Browser, address: str):
    phone = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}
    with visited(browser, address, reduced_motion="reduce", **phone) as page:
        write(page, PROMPT, seed=16)
        text = PROMPT + finished(page)
        look_at_attention(page, text)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        scroll_to_middle_of_the_map(page)
        row = len(text) - 3
        page.touchscreen.tap(*cell(page, row, row - 1, len(text)))
        expect(readout(page)).to_contain_text(re.compile("attends to .*, 1 back: "))
        expect(readout(page)).to_be_in_viewport(ratio=1)
        expect(page.locator("svg.diagram")).to_contain_text(f"{row + 1} of at most 256 characters")
        page.get_by_role("button", name="Block 6, head 3").tap()
        expect(readout(page)).to_contain_text("Block 6, head 3: ")
        expect(readout(page)).to_be_in_viewport(ratio=1)
