"""What a visitor meets: everything on one screen, with a text in it that can be steered at once."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.acts import TINTS, continuation, entries, finished, lines_in_view, status, unfold, write
from tests.browser.candidates import another
from tests.browser.visitor import opened
from tests.ui.launched import launched
from tinygpt.flags import SHIPPED
from tinygpt.inference.sample import read_sample
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session

SAMPLE = read_sample(SHIPPED)


@pytest.fixture(scope="module")
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page as it opens, for all tests of this module, in order."""
    with opened(context, address) as page:
        page.set_viewport_size({"width": 1280, "height": 800})
        yield page


@pytest.mark.parametrize("size", [(1280, 800), (360, 780)], ids=str)
def test_form_and_text_are_on_the_first_screen(page: Page, size: tuple[int, int]):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for part in (
        page.get_by_role("textbox", name="Prompt"),
        page.get_by_role("slider", name=re.compile("Length")),
        page.get_by_role("slider", name=re.compile("Temperature")),
        page.get_by_role("button", name="Write", exact=True),
    ):
        expect(part).to_be_in_viewport(ratio=1)
    assert lines_in_view(page) >= 3
    assert page.evaluate("[scrollX, scrollY, document.documentElement.scrollWidth - innerWidth]") == [0, 0, 0]


def test_the_page_opens_with_the_sample_of_its_weights_which_is_not_the_visitors(page: Page):
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(continuation(page)).to_have_text(SAMPLE.text)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(SAMPLE.request.prompt)
    expect(status(page)).to_contain_text("A sample of what this model writes")
    shades = "".join(digit if digit < "5" else "-" for digit in SAMPLE.confidence)
    assert page.evaluate(TINTS) == shades
    unfold(page)
    expect(entries(page).filter(has_text=f"seed {SAMPLE.request.seed}")).to_have_count(0)


def test_the_loss_is_told_in_words_and_its_figure_comes_up_for_mouse_and_keyboard(page: Page):
    words = page.get_by_role("button", name="about as unsure as choosing among 3½ letters")
    figure = page.locator(".definition").get_by_text("1.321 nats per character on text that it never saw")
    expect(figure).to_be_hidden()
    words.press("Enter")
    expect(figure).to_be_in_viewport(ratio=1)
    words.press("Escape")
    expect(figure).to_be_hidden()
    words.hover()
    expect(figure).to_be_in_viewport(ratio=1)
    page.mouse.move(0, 0)
    expect(figure).to_be_hidden()
    expect(words).to_have_accessible_description(re.compile("^1.321 nats .* How many nats each character"))


def test_the_sample_is_steered_at_once_and_a_hint_says_so_until_then(page: Page):
    hint = page.get_by_text("Click any letter to see what else could have come next.")
    expect(hint).to_be_in_viewport(ratio=1)
    continuation(page).focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    another(page).click()
    expect(continuation(page)).to_have_attribute("data-link", re.compile(r'"forced": ?\[\[1'))
    assert continuation(page).text_content()[0] == SAMPLE.text[0]
    expect(hint).to_be_hidden()
    expect(entries(page).filter(has_text=f"seed {SAMPLE.request.seed}")).to_have_count(1)  # this one is theirs


def test_three_things_to_try_are_ticked_off_when_they_were_done_and_closed_for_good(page: Page):
    tour = page.get_by_role("region", name="Things to try")
    done = tour.get_by_role("img", name="Done")
    expect(tour).to_be_in_viewport(ratio=1)
    tour.get_by_role("button", name="Show me").click()
    expect(page.get_by_role("dialog", name="Candidates")).to_be_visible()
    page.keyboard.press("Escape")
    expect(done).to_have_count(1)
    for temperature in ("0", "1.2"):
        tour.get_by_role("button", name=f"Write with temperature {temperature}", exact=True).click()
        link = re.compile(rf'"temperature": ?{temperature}[^0-9.]')
        expect(continuation(page)).to_have_attribute("data-link", link, timeout=60_000)
    expect(page.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("1.2")
    expect(done).to_have_count(2)
    tour.get_by_role("button", name="Look inside").click()
    expect(page.get_by_role("tab", name="Look inside")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Write").click()
    expect(done).to_have_count(3)
    tour.get_by_role("button", name="Close for good").click()
    expect(tour).to_be_hidden()
    expect(page.get_by_role("textbox", name="Prompt")).to_be_focused()
    page.reload()
    expect(page.locator("#tour")).to_be_attached()
    expect(continuation(page)).to_have_text(re.compile(r"\w{2}"))
    expect(tour).to_be_hidden()


def test_other_weights_show_their_sample_until_something_is_written(context: BrowserContext, weights):
    registry = Registry(Session(SHIPPED))
    registry.add("other", weights)
    with launched(build(registry)) as client, opened(context, str(client.base_url)) as page:
        expect(continuation(page)).to_have_text(SAMPLE.text)
        choose(page, 1)
        expect(page.get_by_text("The continuation appears here.")).to_be_visible()
        choose(page, 0)
        expect(continuation(page)).to_have_text(SAMPLE.text)
        write(page, "ROMEO:\n", length=30)
        text = finished(page, 30)
        choose(page, 1)
        expect(page.locator(".masthead")).to_contain_text("0.0 million")
        expect(continuation(page)).to_have_text(text)


def choose(page: Page, number: int) -> None:
    """Choose weights in the menu."""
    menu = page.get_by_label("Weights")
    if menu.evaluate("menu => menu.tagName") == "SELECT":
        menu.select_option(index=number)
        return
    menu.click()
    page.get_by_role("option").nth(number).click()
