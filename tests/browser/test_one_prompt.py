"""One prompt for all tabs: whichever of its boxes it is written in."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import go_to
from tests.server import ROOT
from tinygpt.checkpoint.reading import read_facts

TABS = ("Compare", "How it learned")
LONG = "GLOUCESTER:\nNow is the winter of our discontent, made glorious summer by this sun of York;"


def prompt(page: Page, tab: str) -> Locator:
    go_to(page, tab)
    return page.get_by_role("textbox", name="Prompt", exact=tab != "Write").locator("visible=true")


def expect_everywhere(page: Page, text: str) -> None:
    for tab in (*TABS, "Write"):
        expect(prompt(page, tab)).to_have_value(text)


@pytest.mark.parametrize("tab", ["Write", *TABS])
def test_what_is_typed_in_one_tab_stands_in_all_and_no_letter_is_lost(same_page: Page, tab: str):
    box = prompt(same_page, tab)
    box.fill("")
    box.press_sequentially(LONG)
    expect(box).to_have_value(LONG)
    expect_everywhere(same_page, LONG)


def test_an_example_a_link_and_an_emptied_form_change_the_prompt_of_all_tabs(same_page: Page):
    same_page.get_by_role("button", name="KING RICHARD").click()
    expect_everywhere(same_page, "KING RICHARD:\nMy coffee is grown cold, and")
    sha256 = read_facts(ROOT / "weights")["weights_sha256"]
    same_page.evaluate(f"location.hash = 'prompt=HAMLET%3A%0A&length=20&seed=1&weights_sha256={sha256}'")
    expect_everywhere(same_page, "HAMLET:\n")
    same_page.get_by_role("button", name="Clear", exact=True).click()
    expect_everywhere(same_page, "")


def test_a_tab_that_was_never_open_has_the_prompt_too(fresh_page: Page):
    fresh_page.get_by_role("textbox", name="Prompt").fill(LONG)
    expect_everywhere(fresh_page, LONG)
