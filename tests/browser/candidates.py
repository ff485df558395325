"""A character of the continuation and its candidates, as a visitor meets them."""

from typing import Any

from playwright.sync_api import Locator, Page

# The box of the character at a position of the continuation, on the screen.
_BOX = """place => {
    const walker = document.createTreeWalker(document.getElementById("continuation"), NodeFilter.SHOW_TEXT);
    let node;
    while ((node = walker.nextNode()).length <= place) place -= node.length;
    const range = new Range();
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    return range.getBoundingClientRect().toJSON();
}"""


# Scrolls the pane, and the page, to where a person would, to see that character.
_REVEAL = """([box, place]) => {
    const pane = document.querySelector("#output-pane .prose");
    const [{ top, bottom }, view] = [eval(box)(place), pane.getBoundingClientRect()];
    if (top < view.top + 40 || bottom > view.bottom) pane.scrollTop += top - view.top - view.height / 2;
    const now = eval(box)(place);
    if (now.top < 0 || now.bottom > innerHeight) scrollBy({ top: now.top - innerHeight / 2, behavior: "instant" });
}"""


def box(page: Page, place: int) -> dict[str, float]:
    """Where a character is on the screen."""
    page.evaluate(_REVEAL, [_BOX, place])
    return page.evaluate(_BOX, place)


def middle(page: Page, place: int) -> tuple[float, float]:
    there = box(page, place)
    return there["x"] + there["width"] / 2, there["y"] + there["height"] / 2


def click(page: Page, place: int) -> None:
    """Click on a character as a person does: where it stands."""
    page.mouse.click(*middle(page, place))


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Candidates")


def another(page: Page, number: int = 0) -> Locator:
    """A candidate that does not stand there already: its button, once the candidates of the character are there."""
    others = 'button[data-character]:not([aria-current], [aria-label^="new line"])'
    return panel(page).locator(f":scope > div:not(.waiting) {others}").nth(number)


def selected(page: Page) -> dict[str, Any]:
    """The box of the selected character."""
    return page.evaluate("[...CSS.highlights.get('here')][0].getBoundingClientRect().toJSON()")
