"""Everybody can use the page: by keyboard, on a phone, in the dark, in forced colors, with large text, unmoved."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import advanced, finished, go_to, status, unfold, write
from tests.browser.focus import tab_stops
from tests.browser.inside import go_to_station
from tests.browser.views import colors, everybody_can_use, layout_shift, look
from tests.server import ROOT
from tinygpt.checkpoint.reading import read_facts
from tinygpt.ui.front_end import FrontEnd

TABS = ["Write", "Compare", "Look inside", "How it learned", "Train"]


@pytest.fixture
def page(same_page: Page) -> Iterator[Page]:
    yield same_page
    look(same_page, width=1280)


def test_the_first_screen_and_a_text_with_all_that_unfolds(page: Page):
    everybody_can_use(page)
    advanced(page)
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    page.locator("#continuation").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Candidates")).to_be_visible()
    page.get_by_text("The other 55").click()
    page.get_by_text("As JSON", exact=True).click()
    unfold(page)
    page.get_by_text("Words explained").click()
    page.get_by_role("button", name="Temperature", exact=True).click()
    expect(page.locator(".definition")).to_be_visible()
    everybody_can_use(page)
    page.get_by_text("Words explained").click()
    page.get_by_text("As JSON", exact=True).click()


def test_an_error_and_a_text_that_came_by_a_link(page: Page):
    advanced(page)
    page.locator("#seed textarea, #seed input").fill("seven")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text("must be a whole number")
    everybody_can_use(page)
    weights = read_facts(ROOT / "weights")["weights_sha256"][:12]
    page.evaluate("(hash) => (location.hash = hash)", f"#prompt=ROMEO:%0A&length=60&seed=11&weights_sha256={weights}")
    finished(page)
    everybody_can_use(page)


def test_the_other_tabs(page: Page):
    go_to(page, "Compare")
    page.get_by_role("button", name="Write side by side").click()
    expect(page.get_by_role("link", name="Temperature 1.2: open")).to_be_visible()
    everybody_can_use(page)
    go_to(page, "Look inside")
    expect(page.locator("svg.diagram")).to_be_visible(timeout=60_000)
    go_to_station(page, "Attention")
    everybody_can_use(page)
    page.get_by_role("link", name="All on one page").click()
    page.locator("#inside .large").hover()
    everybody_can_use(page)
    go_to(page, "How it learned")
    page.get_by_role("button", name="Step 10,000:").click()
    whole = re.compile(r"^[\s\S]{300}$")
    expect(page.locator("#learned [aria-current] .output-text")).to_have_text(whole, timeout=60_000)
    everybody_can_use(page)
    go_to(page, "Train")
    expect(page.get_by_text("app.py --train").first).to_be_visible()
    everybody_can_use(page)


@pytest.mark.parametrize("view", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}], ids=str)
def test_the_focus_shows_wherever_it_goes(page: Page, view: dict):
    advanced(page)
    look(page, width=1280, **view)
    stops = tab_stops(page)
    kinds = {name.split()[0] for name, _ in stops}
    assert kinds >= {"submit", "textarea", "range", "number", "radio", "checkbox"}, stops
    assert [(name, problem) for name, problem in stops if problem] == []


def test_text_and_controls_of_every_kind_grow_with_the_text_of_the_browser(page: Page):
    sizes = """() => [...document.querySelectorAll("body *")]
        .filter((element) => element.checkVisibility() && !element.closest("svg, h1"))
        .filter((element) => [...element.childNodes].some((node) => node.data?.trim()) ||
            element.matches("input, textarea, button"))
        .map((element) => [
            `${element.tagName} ${element.innerText.slice(0, 20)}`, parseFloat(getComputedStyle(element).fontSize)])"""
    advanced(page)
    before = page.evaluate(sizes)
    look(page, width=1280, font="200%")
    after = page.evaluate(sizes)
    assert len(before) == len(after) > 40
    assert [(name, size, new) for (name, size), (_, new) in zip(before, after, strict=True) if new < 1.95 * size] == []
    slider = page.locator("input[type=range]").first
    assert slider.bounding_box()["height"] >= 40


def test_controls_can_be_seen_in_forced_colors(page: Page):
    advanced(page)
    look(page, width=1280, forced_colors="active")
    for slider in page.locator("input[type=range]:visible").all():
        slider.evaluate("(slider) => (slider.valueAsNumber = (+slider.min + +slider.max) / 2)")
        slider.dispatch_event("input")
        # The background, the thumb, and the track on both sides of it.
        assert len(colors(slider)) >= 4
    chosen, other = page.get_by_role("radio", checked=True), page.get_by_role("radio", checked=False).first
    assert colors(chosen) != colors(other)
    box = page.get_by_role("checkbox").first
    checked = colors(box)
    box.uncheck()
    assert colors(box) != checked
    selected, other = page.get_by_role("tab", selected=True), page.get_by_role("tab", selected=False).first
    assert colors(selected) != colors(other)


def test_what_is_checked_looks_so_under_the_pointer_too(page: Page):
    advanced(page)
    for part in (page.get_by_role("radio", checked=True), page.get_by_role("checkbox").first):
        page.locator(".masthead").hover()
        before = colors(part)
        part.hover()
        assert colors(part) == before


def test_nothing_moves_for_visitors_who_asked_for_less_motion(page: Page):
    moving = """() => [...document.querySelectorAll("body *")].filter((element) => {
        const { transitionDuration, transitionProperty, animationName, animationDuration } = getComputedStyle(element);
        const lasts = (durations) => durations.split(",").some((duration) => parseFloat(duration) > 0.001);
        return (transitionProperty !== "none" && lasts(transitionDuration)) ||
            (animationName !== "none" && lasts(animationDuration));
    }).length"""
    scrolls = f"""async () => {{
        const {{ scrollTo }} = await import("./{FrontEnd().url}/browser.js");
        window.scrollTo({{ top: 0, behavior: "instant" }});
        scrollTo(document.querySelector("footer"));
        const at = scrollY;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return scrollY !== at || at === 0;
    }}"""
    look(page, width=360)
    try:
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate(moving) > 0
        assert page.evaluate(scrolls)
    finally:
        page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
    assert not page.evaluate(scrolls)


def test_on_a_phone_the_tabs_scroll_sideways_and_show_that_there_are_more(page: Page):
    look(page, width=360)
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_text(TABS)
    last = page.get_by_role("tab", name=TABS[-1])
    expect(last).not_to_be_in_viewport()
    tab_list = page.get_by_role("tablist")
    fades = "(list) => ['--before', '--after'].map((side) => getComputedStyle(list).getPropertyValue(side))"
    assert tab_list.evaluate(fades) == ["0rem", "3rem"]
    tab_list.hover()
    page.mouse.wheel(1000, 0)
    expect(last).to_be_in_viewport(ratio=1)
    last.click()
    page.locator(".masthead").hover()
    page.get_by_role("tab", name="Write").evaluate("(tab) => tab.click()")  # as a link inside of the page does
    expect(page.get_by_role("tab", name="Write")).to_be_in_viewport(ratio=1)
    for tab in tabs.all():
        assert tab.bounding_box()["height"] >= 44


def test_arrows_move_between_tabs_and_enter_opens_one(page: Page):
    page.get_by_role("tab", name="Write").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Train")).to_be_focused()
    for key in ("Home", "ArrowRight", "End", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    compare = page.get_by_role("tab", name="Compare")
    expect(compare).to_be_focused()
    expect(compare).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Enter")
    expect(compare).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(compare).to_be_focused()  # the Tab key stops at one tab only
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.role") != "tab"


def test_fingers_find_what_they_press(page: Page):
    look(page, width=360)
    controls = "button.lg, button.md, button.sm, .toolbar button, [role=tab], .label-wrap, summary, select"
    small = f"""() => [...document.querySelectorAll("{controls}")]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .map((element) => element.innerText)"""
    advanced(page)
    assert page.evaluate(small) == []
    for tab in TABS[1:]:
        go_to(page, tab)
        assert page.evaluate(small) == []


def test_hardly_anything_moves_while_the_page_opens_and_writes(fresh_page: Page):
    expect(fresh_page.locator(".loading")).to_have_count(0)
    write(fresh_page, "ROMEO:\n", length=500)
    finished(fresh_page, 500)
    assert layout_shift(fresh_page) <= 0.05
