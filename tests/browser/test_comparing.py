"""The tab Compare, in a real browser."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import finished
from tests.browser.learned import expect_texts, fill, open_tab, texts, write_all
from tinygpt import SampleConfig, open_checkpoint, stream

SETTINGS = SampleConfig(max_new_tokens=400, seed=7)


@pytest.fixture
def page(same_page: Page) -> Page:
    open_tab(same_page, "Compare")
    return same_page


def compare(page: Page, temperatures: str) -> None:
    page.get_by_role("radio", name="temperatures", exact=True).check()
    fill(page, "Temperatures", temperatures)
    write_all(page)


def wanted(*temperatures: float, prompt: str = "JULIET:\nO,", seed: int = 7) -> list[str]:
    model, tokenizer = open_checkpoint(Path(__file__).parents[2] / "weights")
    requests = [replace(SETTINGS, temperature=temperature, seed=seed) for temperature in temperatures]
    return ["".join(stream(model, tokenizer, prompt, settings)) for settings in requests]


def test_the_tab_opens_with_the_prompt_written_at_each_temperature(same_page: Page):
    same_page.get_by_role("textbox", name="Prompt").fill("JULIET:\nO,")
    open_tab(same_page, "Compare")
    fill(same_page, "Seed for all texts", "1564")
    fill(same_page, "Temperatures", "0, 0.5, 0.8, 1.2")
    same_page.get_by_role("tab", name="Write", exact=True).click()
    open_tab(same_page, "Compare")
    expect_texts(same_page, *wanted(0, 0.5, 0.8, 1.2, seed=1564))
    same_page.set_viewport_size({"width": 1280, "height": 800})
    for number in range(4):
        expect(texts(same_page).nth(number)).to_be_in_viewport(ratio=0.5)


def test_each_text_is_marked_where_it_diverges_from_the_one_to_its_left(page: Page):
    compare(page, "0, 0.5, 1.2")
    expected = wanted(0, 0.5, 1.2)
    expect_texts(page, *expected)
    assert page.locator("#compare h2").all_text_contents() == [f"Temperature {each}" for each in ("0", "0.5", "1.2")]
    expect(page.locator("#compare section").first).to_contain_text("always the likeliest letter")
    marked = page.locator("#compare .output-text mark")
    expect(marked).to_have_count(2)
    parting = next(i for i, (a, b) in enumerate(zip(expected[0], expected[1], strict=True)) if a != b)
    assert marked.first.text_content() == expected[1][parting]
    boxes = [texts(page).nth(number).bounding_box() for number in range(3)]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert boxes[0]["y"] == boxes[1]["y"] == boxes[2]["y"]


def settings(page: Page, side: str, **values: str) -> None:
    """Compare two settings, and fill in some of those of one side."""
    page.get_by_role("radio", name="two settings").check()
    group = page.get_by_role("group", name=side)
    for label, value in values.items():
        group.get_by_label(label.replace("_", "-"), exact=True).fill(value)


def test_two_settings_are_compared_and_the_address_says_so(page: Page):
    settings(page, "Left text", Temperature="1.1", Top_k="")
    settings(page, "Right text", Temperature="", Top_k="4")
    write_all(page)
    engine, tokenizer = open_checkpoint(Path(__file__).parents[2] / "weights")
    sides = [replace(SETTINGS, temperature=1.1), replace(SETTINGS, top_k=4)]
    expected = ["".join(stream(engine, tokenizer, "JULIET:\nO,", side)) for side in sides]
    expect_texts(page, *expected)
    headings = page.locator("#compare h2")
    expect(headings).to_have_text(["Temperature 1.1", "Temperature 0.8, top-k 4"])
    compared = "compare.seed=7&compare.left.temperature=1.1&compare.right.top_k=4"
    expect(page).to_have_url(re.compile(rf"#tab=compare&compare.prompt=JULIET%3A%0AO%2C&{re.escape(compared)}$"))
    page.get_by_role("group", name="Right text").get_by_label("Strategy").select_option("Greedy")
    expect(page.get_by_role("group", name="Right text").get_by_label("Top-k")).to_be_disabled()
    page.get_by_role("button", name="Write side by side").click()
    expect(headings).to_have_text(["Temperature 1.1", "Greedy"])
    page.go_back()
    expect(headings).to_have_text(["Temperature 1.1", "Temperature 0.8, top-k 4"])
    expect_texts(page, *expected)
    expect(page.get_by_role("group", name="Right text").get_by_label("Top-k")).to_have_value("4")
    page.evaluate(
        "location.hash = '#tab=compare&compare.prompt=JULIET%3A%0AO%2C&compare.seed=8&compare.temperatures=1'"
    )
    expect_texts(page, *wanted(1, seed=8))
    expect(page.get_by_role("textbox", name="Temperatures")).to_have_value("1")
    for side in ("Left text", "Right text"):
        settings(page, side, Temperature="", Top_k="")
    page.get_by_role("button", name="Write side by side").click()
    expect(headings).to_have_text(["Temperature 0.8", "Temperature 0.8"])
    expect(page).to_have_url(re.compile(r"&compare.seed=8&compare.left=&compare.right=$"))
    page.evaluate("location.hash = location.hash.replace(/left.*/, 'temperatures=1')")
    expect(page.get_by_role("radio", name="temperatures", exact=True)).to_be_checked()
    page.go_back()
    expect(page.get_by_role("radio", name="two settings")).to_be_checked()
    expect(headings).to_have_text(["Temperature 0.8", "Temperature 0.8"])


def test_what_are_no_temperatures_is_refused_above_the_texts_which_stay(page: Page):
    compare(page, "0.5")
    expect_texts(page, *wanted(0.5))
    told = page.locator("#compare [role=status]")
    for wrong, problem in {
        "warm": "temperatures must be numbers",
        "0.5, 3": "temperature must be a number from 0 to 2",
    }.items():
        compare(page, wrong)
        expect(told).to_contain_text(re.compile(problem, re.IGNORECASE))
        expect(told).to_be_in_viewport(ratio=1)
        expect_texts(page, *wanted(0.5))


def test_on_a_phone_the_texts_come_into_view_and_the_others_are_a_swipe_away(page: Page):
    page.set_viewport_size({"width": 360, "height": 780})
    compare(page, "0.5, 0.8, 1.2")
    expect_texts(page, *wanted(0.5, 0.8, 1.2))
    expect(texts(page).first).to_be_in_viewport(ratio=0.3)
    page.locator("#compare .side-by-side").evaluate("(texts) => texts.scrollBy(texts.scrollWidth, 0)")
    expect(page.get_by_role("heading", name="Temperature 1.2")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_link_below_a_text_writes_it_again(page: Page):
    compare(page, "0.5, 1.2")
    page.get_by_role("link", name="Temperature 1.2: open the text in the Write tab").click()
    assert finished(page, SETTINGS.max_new_tokens) == wanted(1.2)[0]
    expect(page.locator("#status")).not_to_contain_text("other weights")
