"""What a visitor does and sees on the tab How it learned."""

from playwright.sync_api import Locator, Page


def open_tab(page: Page, prompt: str = "JULIET:\nO,", seed: int = 7) -> None:
    page.get_by_role("tab", name="How it learned").click()
    page.get_by_label("Prompt for all").fill(prompt)
    page.get_by_label("Seed for all").fill(str(seed))


def write_all(page: Page) -> None:
    page.get_by_role("button", name="Write with every snapshot").click()


def texts(page: Page) -> Locator:
    return page.locator("#learned .output-text")


def point(page: Page, step: int) -> Locator:
    return page.get_by_role("button", name=f"step {step:,}:")
