"""The tab with several temperatures, in a real browser."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import finished
from tests.browser.visitor import opened
from tinygpt import SampleConfig, open_checkpoint, stream

SETTINGS = SampleConfig(max_new_tokens=400, seed=7)


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def climb(page: Page, temperatures: str) -> None:
    page.get_by_role("tab", name="Temperature").click()
    page.get_by_label("One prompt").fill("JULIET:\nO,")
    page.get_by_label("One seed").fill("7")
    page.get_by_label("Temperatures").fill(temperatures)
    page.get_by_role("button", name="Write side by side").click()


def test_one_prompt_and_one_seed_are_continued_at_each_temperature_side_by_side(page: Page):
    climb(page, "0, 0.5, 1.2")
    texts = page.locator("#temperatures .output-text")
    expect(texts).to_have_count(3)
    model, tokenizer = open_checkpoint(Path(__file__).parents[2] / "weights")
    wanted = [
        "".join(stream(model, tokenizer, "JULIET:\nO,", replace(SETTINGS, temperature=temperature)))
        for temperature in (0, 0.5, 1.2)
    ]
    for number, text in enumerate(wanted):
        expect(texts.nth(number)).to_have_js_property("textContent", text)
    marked = page.locator("#temperatures .output-text mark")
    expect(marked).to_have_count(2)
    parting = next(i for i, (a, b) in enumerate(zip(wanted[0], wanted[1], strict=True)) if a != b)
    assert marked.first.text_content() == wanted[1][parting]
    boxes = [texts.nth(number).bounding_box() for number in range(3)]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert boxes[0]["y"] == boxes[1]["y"] == boxes[2]["y"]


def test_what_are_no_temperatures_is_refused_in_place_of_the_texts(page: Page):
    climb(page, "warm")
    expect(page.locator("#temperatures")).to_contain_text("temperatures must be numbers")
    climb(page, "0.5, 3")
    expect(page.locator("#temperatures")).to_contain_text(re.compile("temperature must be a number from 0 to 2"))


def test_the_link_below_a_text_writes_it_again(page: Page, address: str):
    climb(page, "0.5, 1.2")
    link = page.get_by_role("link", name="Link to the text under 1.2")
    expect(link).to_be_visible(timeout=60_000)
    text = page.locator("#temperatures .output-text").last.text_content()
    with opened(page.context, f"{address}/{link.get_attribute('href')}") as other:
        assert finished(other, SETTINGS.max_new_tokens) == text
        expect(other.locator("#status")).not_to_contain_text("other weights")
