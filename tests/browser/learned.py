"""What a visitor does and sees on the tabs with texts side by side."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import go_to


def open_tab(page: Page, tab: str = "How it learned") -> None:
    go_to(page, tab)
    expect(page.get_by_label("Seed for all texts").locator("visible=true")).to_be_visible()


def fill(page: Page, label: str, value: str) -> None:
    """Fill a box of the tab that is open."""
    page.get_by_label(label, exact=True).locator("visible=true").fill(value)


def write_all(page: Page, prompt: str = "JULIET:\nO,", seed: object = 7) -> None:
    fill(page, "Prompt", prompt)
    fill(page, "Seed for all texts", str(seed))
    page.get_by_role("button", name="Write side by side").click()


def texts(page: Page) -> Locator:
    """The texts of the tab that is open."""
    return page.locator(".side-by-side .output-text").locator("visible=true")


def expect_texts(page: Page, *expected: str) -> None:
    expect(texts(page)).to_have_count(len(expected), timeout=60_000)
    for number, text in enumerate(expected):
        expect(texts(page).nth(number)).to_have_js_property("textContent", text, timeout=60_000)


def point(page: Page, step: int) -> Locator:
    return page.get_by_role("button", name=f"Step {step:,}:")
