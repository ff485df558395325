"""What a visitor does and sees on the tab that trains."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import go_to

LONG = 10_000  # steps that nobody waits for


def train(page: Page, text: str, steps: int = LONG) -> None:
    """Fill in the form and press Train."""
    go_to(page, "Train")
    page.get_by_label("Text to learn from").fill(text)
    fill_in_steps(page, steps)
    page.get_by_role("button", name="Train", exact=True).click()


def fill_in_steps(page: Page, steps: int) -> None:
    """Fill in the number of steps until gradio, which may just have built the field, has taken it over."""
    field, slider = steps_field(page), page.get_by_role("slider", name="for Steps")
    page.wait_for_function(
        """([field, slider, steps]) => {
            if (slider.value === steps) return true;
            field.value = steps;
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        arg=[field.element_handle(), slider.element_handle(), str(steps)],
        polling=100,
    )


def steps_field(page: Page) -> Locator:
    field = page.get_by_role("spinbutton", name="for Steps")
    if not field.is_visible():
        page.get_by_role("button", name="Train for longer or shorter").click()
        expect(page.get_by_role("slider", name="for Steps")).to_be_visible()
    return field


def said(page: Page) -> Locator:
    """What is said, and read aloud, about the training."""
    return page.locator("#training").get_by_role("status")


def steps_done(page: Page) -> Locator:
    return page.locator("#training .head").get_by_text(re.compile(r"^Step [1-9][\d,]* of"))


def stop(page: Page) -> None:
    page.locator("#training").get_by_role("button", name="Stop").click()
    expect(said(page)).to_contain_text("Stopped at step", timeout=60_000)


def menu(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Weights")
