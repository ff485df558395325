"""Everybody can use the page: axe-core looks at every part of it, in light on a laptop and in dark on a phone."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import expect_accessible, finished, go_to, write
from tests.browser.visitor import visited

VIEWS = [("light", 1280), ("dark", 360)]  # colors depend on the scheme alone, and places on the width alone


@pytest.fixture(params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def seen(request, browser: Browser, address: str):
    scheme, width = request.param
    options = {"viewport": {"width": width, "height": 800}, "reduced_motion": "reduce"}
    with visited(browser, f"{address}/?__theme={scheme}", **options) as page:
        expect(page.locator(".loading")).to_have_count(0)
        yield page


def test_every_part_of_the_page(seen: Page):
    expect_accessible(seen)
    write(seen, "ROMEO:\n", seed=7)
    finished(seen)
    seen.locator("#continuation").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        seen.keyboard.press(key)
    expect(seen.get_by_role("region", name="Candidates")).to_be_visible()
    seen.get_by_text("The other 55").click()
    seen.get_by_role("button", name="As JSON").click()
    seen.get_by_role("button", name="Your texts").click()
    expect(seen.get_by_role("button", name="Clear all")).to_be_visible()
    expect_accessible(seen)

    go_to(seen, "Temperature")
    seen.get_by_role("button", name="Write side by side").click()
    expect(seen.get_by_role("link", name="Link to the text under 1.2")).to_be_visible()
    expect_accessible(seen)

    go_to(seen, "Look inside")
    expect(seen.locator("svg.diagram")).to_be_visible(timeout=60_000)
    seen.locator("#heads .large").hover()
    expect_accessible(seen)

    go_to(seen, "How it learned")
    seen.locator("#points button[data-x]").last.click()
    expect(seen.locator("#learned .here .output-text")).to_contain_text("\n", timeout=60_000)
    expect_accessible(seen)

    go_to(seen, "Train")
    expect(seen.get_by_text("app.py --train").first).to_be_visible()
    expect_accessible(seen)
