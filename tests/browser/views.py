"""How the page can be seen: in every view everybody can use it, and nothing is out of sight or moves."""

from io import BytesIO
from pathlib import Path

import axe_playwright_python
from PIL import Image
from playwright.sync_api import Locator, Page

AXE = next(Path(axe_playwright_python.__file__).parent.glob("axe*.js"))
# What is seen of the page depends on these. What axe-core looks at is the same in some of them: contrast depends on
# colors alone, and takes it longest; the rest depends on the document, and on what can be scrolled.
VIEWS = {
    "light, 1280 px": {"width": 1280},
    "dark, 360 px": {"width": 360, "color_scheme": "dark"},
    "forced colors": {"width": 1280, "forced_colors": "active"},
    "200 %, 1280 px": {"width": 1280, "font": "200%"},
    "200 %, 360 px": {"width": 360, "font": "200%"},
}
AXE_CONTRAST = {"light, 1280 px": True, "dark, 360 px": True, "200 %, 360 px": False}  # where it looks
VIOLATIONS = """(enabled) => axe.run({ resultTypes: ["violations"], rules: { "color-contrast": { enabled } } })
    .then(({ violations }) => violations.map(({ help, nodes }) => [help, ...nodes.map(({ target }) => target)]))"""
# What is out of the screen at its sides, and what the box that it is in cuts off; but not what can be scrolled to, nor
# what ends in an ellipsis.
OUT_OF_SIGHT = """() => {
    const scrolls = (element) => element && (["auto", "scroll"].includes(getComputedStyle(element).overflowX) ||
        scrolls(element.parentElement));
    const cutsOff = (element) => {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(element);
        const cuts = (overflow, size, room) => ["hidden", "clip"].includes(overflow) && size > room + 2;
        return textOverflow !== "ellipsis" && !element.matches("textarea, .gradio-container") &&
            (cuts(overflowX, element.scrollWidth, element.clientWidth) ||
             cuts(overflowY, element.scrollHeight, element.clientHeight));
    };
    const sticksOut = (element) => {
        const { left, right } = element.getBoundingClientRect();
        return (left < -1 || right > innerWidth + 1) && !scrolls(element.parentElement);
    };
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
        .filter((element) => element.clientWidth > 1)
        .filter((element) => sticksOut(element) || cutsOff(element))
        .map((element) => element.outerHTML.slice(0, 150));
}"""
# Popovers follow what they belong to in the next frame: two frames on, that has been drawn.
TWO_FRAMES = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
# The mark is an entry that is there even where nothing has moved; those before it come with it.
SHIFTS = """() => new Promise((resolve) => {
    const found = [];
    const observer = new PerformanceObserver((list) => {
        found.push(...list.getEntries());
        if (found.some(({ entryType }) => entryType === "mark"))
            resolve(found.map(({ value, hadRecentInput }) => (hadRecentInput ? 0 : value ?? 0)));
    });
    observer.observe({ type: "layout-shift", buffered: true });
    performance.mark("asked");
    observer.observe({ type: "mark", buffered: true });
})"""


def look(page: Page, width: int, *, color_scheme: str = "light", forced_colors: str = "none", font: str = "") -> None:
    """Change how the page is seen, and wait until it has followed."""
    page.set_viewport_size({"width": width, "height": 780})
    page.emulate_media(color_scheme=color_scheme, forced_colors=forced_colors)
    page.evaluate("(size) => (document.documentElement.style.fontSize = size)", font)
    page.evaluate(TWO_FRAMES)


def everybody_can_use(page: Page) -> None:
    """In no view does anything stick out of the screen, nor is it cut off, and axe-core finds nothing."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = {}
    for name, view in VIEWS.items():
        look(page, **view)
        found[name] = page.evaluate(OUT_OF_SIGHT)
        if name in AXE_CONTRAST:
            found[name] += page.evaluate(VIOLATIONS, AXE_CONTRAST[name])
    look(page, width=1280)
    problems = {name: each for name, each in found.items() if each}
    assert not problems, problems


def colors(part: Locator) -> set[tuple[int, ...]]:
    """The colors in which a part of the page is drawn."""
    image = Image.open(BytesIO(part.screenshot())).convert("RGB")
    return {color for count, color in image.getcolors(1 << 16) if count > 20}


def layout_shift(page: Page) -> float:
    """How much has moved on the page by itself since it opened."""
    return sum(page.evaluate(SHIFTS))
