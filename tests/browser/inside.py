"""What a visitor does and sees on the tab that looks inside."""

import re

import numpy as np
from playwright.sync_api import Locator, Page, expect

from tinygpt.engines.selection import as_engine


def look_inside(page: Page, text: str) -> None:
    """Open the tab, and wait until it shows the end of this text."""
    page.get_by_role("tab", name="Look inside").click()
    expect(window(page)).to_be_visible(timeout=60_000)
    shown = "document.querySelector('#inside .window')?.textContent"
    page.wait_for_function(f"text => {shown} && text.endsWith({shown})", arg=text)
    expect(readout(page)).to_contain_text("attends most to")


def look_at_attention(page: Page, text: str) -> None:
    """Open the tab at the attention of this text, with the large map of its head."""
    look_inside(page, text)
    go_to_station(page, "Attention")
    if not page.locator("#inside .large").is_visible():
        page.get_by_text("The map of this head").click()


def go_to_station(page: Page, name: str) -> None:
    """Choose a station of the walk."""
    page.get_by_role("navigation", name="Stations").get_by_role("link", name=name).click()


def window(page: Page) -> Locator:
    return page.locator("#inside .window")


def readout(page: Page) -> Locator:
    return page.locator("#inside .readout")


def attention(shipped, text: str) -> np.ndarray:
    model, tokenizer = shipped
    return as_engine(model).activations(tokenizer.encode(text)).attention()


def quoted(character: str) -> str:
    """A character as the diagram quotes it."""
    sign = {"\n": "↵", " ": "␣"}.get(character, character)
    return f"“{sign}”" if sign.isascii() else f"“\u2068{sign}\u2069”"


def cell(page: Page, row: int, column: int, characters: int) -> tuple[float, float]:
    """Where a cell of the large map is on the screen."""
    box = page.locator("#inside .large").bounding_box()
    return box["x"] + (column + 0.5) * box["width"] / characters, box["y"] + (row + 0.5) * box["height"] / characters


def scroll_to_middle_of_the_map(page: Page) -> None:
    """Scroll until the upper half of the large map is out of view."""
    page.locator("#inside .large").evaluate(
        "each => scrollTo(0, scrollY + each.getBoundingClientRect().top + each.offsetHeight / 2)"
    )


def expect_answer_beside_the_map(page: Page) -> None:
    """The readout is in view, just above the large map, which has a title, or over its beginning."""
    expect(readout(page)).to_be_in_viewport(ratio=1)
    box, large = readout(page).bounding_box(), page.locator("#inside .large").bounding_box()
    assert box["y"] + box["height"] - large["y"] > -60


def percent(sentence: str) -> int:
    """The first weight in a sentence."""
    return int(re.search(r"(\d+)%", sentence)[1])
