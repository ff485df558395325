"""Everybody can use the page without a server: by keyboard, on a phone, in the dark, in forced colors, unmoved."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import serving_folder
from tests.browser.acts import advanced, continuation, finished, go_to, unfold, write
from tests.browser.focus import tab_stops
from tests.browser.inside import go_to_station
from tests.browser.static_folder import export
from tests.browser.views import colors, everybody_can_use, layout_shift, look
from tests.browser.visitor import visited
from tinygpt.flags import SHIPPED
from tinygpt.inference.sample import read_sample
from tinygpt.ui.services.share_link import ShareLink


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    export(SHIPPED, folder)
    with serving_folder(folder) as url:
        yield f"{url}/"


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, for all tests of this module, in order. The tests' own scripts need not follow its policy."""
    with visited(browser, address, bypass_csp=True, service_workers="block") as page:
        yield page


def test_hardly_anything_moves_while_the_page_opens_and_writes(page: Page):
    write(page, "ROMEO:\n", length=500)
    finished(page, 500)
    assert layout_shift(page) <= 0.05


def test_on_a_phone_a_shared_text_comes_before_the_form_and_stays_where_it_is(browser: Browser, address: str):
    sample = read_sample(SHIPPED)
    link = ShareLink(sample.request, sample.weights_sha256).fragment()
    phone = {"viewport": {"width": 360, "height": 780}, "service_workers": "block"}
    with visited(browser, address + link, **phone) as page:
        expect(continuation(page)).to_have_text(sample.text)
        expect(page.get_by_text("Someone shared this text")).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("textbox", name="Prompt")).not_to_be_in_viewport()
        assert layout_shift(page) <= 0.05


def test_a_text_with_all_that_unfolds_and_an_error(page: Page):
    advanced(page)
    page.get_by_role("radio", name="Beam search").check()
    unfold(page)
    page.get_by_text("As JSON", exact=True).click()
    page.locator("#seed input").fill("seven")
    page.get_by_role("button", name="Write", exact=True).click()
    page.locator("#continuation").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Candidates")).to_be_visible()
    page.get_by_role("button", name="top-k", exact=True).click()
    expect(page.locator(".definition")).to_be_visible()
    everybody_can_use(page)
    page.keyboard.press("Escape")
    expect(page.locator(".definition")).to_be_hidden()
    page.keyboard.press("Escape")
    page.get_by_text("Words explained").click()
    everybody_can_use(page)


def test_the_other_tabs(page: Page):
    go_to(page, "Compare")
    expect(page.get_by_role("link", name="Temperature 1.2: open")).to_be_visible()
    everybody_can_use(page)
    go_to(page, "Look inside")
    go_to_station(page, "Probabilities")
    everybody_can_use(page)
    page.get_by_role("link", name="All on one page").click()
    page.locator("#inside .large").hover()
    everybody_can_use(page)
    page.get_by_role("link", name="One station at a time").click()
    go_to(page, "Write")


@pytest.mark.parametrize("view", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}], ids=str)
def test_the_focus_shows_wherever_it_goes(page: Page, view: dict):
    look(page, width=1280, **view)
    stops = tab_stops(page)
    kinds = {name.split()[0] for name, _ in stops}
    assert kinds >= {"submit", "button", "textarea", "range", "number", "radio", "checkbox", "SUMMARY", "text"}, stops
    assert [(name, problem) for name, problem in stops if problem] == []


def test_arrows_move_between_tabs_and_enter_opens_one(page: Page):
    page.get_by_role("tab", name="Write").focus()
    page.keyboard.press("ArrowRight")
    compare = page.get_by_role("tab", name="Compare")
    expect(compare).to_be_focused()
    expect(compare).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel", name="Compare")).to_be_visible()
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")


def test_controls_can_be_seen_in_forced_colors(page: Page):
    look(page, width=1280, forced_colors="active")
    slider = page.get_by_role("slider", name="Temperature")
    assert len(colors(slider)) >= 4  # the background, the thumb, and the track on both sides of it
    chosen, other = page.get_by_role("radio", checked=True), page.get_by_role("radio", checked=False).first
    assert colors(chosen) != colors(other)
    selected, other = page.get_by_role("tab", selected=True), page.get_by_role("tab", selected=False).first
    assert colors(selected) != colors(other)


def test_fingers_find_what_they_press(page: Page):
    look(page, width=360)
    small = """() => [...document.querySelectorAll("button, summary, fieldset label")]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .filter((element) => !element.matches(".candidates *, .skip, .fold, .overview button, .texts *"))
        .map((element) => element.innerText)"""
    for tab in ("Write", "Compare", "Look inside"):
        go_to(page, tab)
        assert page.evaluate(small) == []
