"""What a visitor does and sees on the tab that writes."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

# The level of uncertainty as which each character of the text is tinted, "-" if it is not.
TINTS = """() => {
    const text = document.getElementById("continuation");
    const levels = [...text.textContent].map(() => "-");
    const position = (node, offset) => {
        const before = new Range();
        before.setStart(text, 0);
        before.setEnd(node, offset);
        return [...before.toString()].length;
    };
    for (let level = 0; level < 5; level++)
        for (const { startContainer, startOffset, endContainer, endOffset } of CSS.highlights.get(`uncertain-${level}`))
            levels.fill(`${level}`, position(startContainer, startOffset), position(endContainer, endOffset));
    return levels.join("");
}"""


def continuation(page: Page) -> Locator:
    return page.locator("#continuation")


def status(page: Page) -> Locator:
    return page.locator("#status")


def write(page: Page, prompt: str, *, length: int = 60, seed: int | None = None) -> None:
    """Fill in the form and press Write."""
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.get_by_role("spinbutton", name=re.compile("Length")).fill(str(length))
    if seed is not None:
        advanced(page)
        page.locator("#seed textarea, #seed input").fill(str(seed))
    page.get_by_role("button", name="Write", exact=True).click()


def advanced(page: Page) -> None:
    if not page.get_by_text("Strategy", exact=True).is_visible():
        page.get_by_text("Advanced", exact=True).click()


def reset(page: Page) -> None:
    """Bring the tab that writes back to how it opens, without opening the page anew."""
    page.bring_to_front()  # another page may have had the focus
    page.mouse.move(0, 0)  # or what scrolls under the pointer counts as pointed at
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("tab", name="Write", exact=True).click()
    advanced(page)
    page.locator("#seed textarea, #seed input").fill("")
    page.get_by_role("spinbutton", name=re.compile("Top-k")).fill("65")
    page.get_by_role("spinbutton", name=re.compile("Top-p")).fill("1")
    page.get_by_role("textbox", name=re.compile("Stop")).fill("")
    page.get_by_role("radio", name="Sampling").check()
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0.8")
    page.get_by_role("spinbutton", name=re.compile("Length")).fill("500")
    page.get_by_label("Shade letters the model was unsure about").check()
    if page.locator(".texts").is_visible():
        page.get_by_text("Your texts", exact=True).click()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(continuation(page)).to_have_count(0)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("")


def finished(page: Page, length: int = 60) -> str:
    """Wait for the whole text, and give it as the page's element holds it."""
    expect(status(page)).to_contain_text(f"{length:,} characters", timeout=60_000)
    expect(page.locator(".writing")).to_have_count(0)
    return continuation(page).text_content()


LINES_IN_VIEW = """() => {
    const pane = document.querySelector("#output-pane .prose").getBoundingClientRect();
    const [top, bottom] = [Math.max(0, pane.top), Math.min(innerHeight, pane.bottom)];
    const text = new Range();
    text.selectNodeContents(document.getElementById("continuation"));
    const lines = [...text.getClientRects()].filter((box) => box.width && box.top >= top && box.bottom <= bottom);
    return new Set(lines.map((box) => Math.round(box.bottom / 10))).size;
}"""


def lines_in_view(page: Page) -> int:
    """How many lines of the text are on the screen, whole."""
    return page.evaluate(LINES_IN_VIEW)


def begun(page: Page) -> None:
    """Wait for some text; on a new machine the model has to be compiled first."""
    expect(continuation(page)).to_have_text(re.compile(r"\w{2}"), timeout=60_000)


def expect_accessible(page: Page) -> None:
    """Nothing that axe-core knows to hinder people, and nothing that sticks out of the screen."""
    found = Axe().run(page).response["violations"]
    assert [(each["impact"], each["help"], [node["target"] for node in each["nodes"]]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def reload(page: Page) -> None:
    page.reload()
    page.get_by_role("tab", name="Write").wait_for()


def go_to(page: Page, tab: str) -> None:
    """Choose a tab."""
    page.get_by_role("tab", name=tab).click()


def unfold(page: Page) -> None:
    """Open the list of the visitor's texts."""
    if not page.locator(".texts").is_visible():
        page.get_by_text("Your texts", exact=True).click()
    page.locator(".texts :is(p, ul)").wait_for()


def entries(page: Page) -> Locator:
    return page.locator(".texts li button")
