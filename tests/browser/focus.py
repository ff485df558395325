"""What the Tab key goes to, and whether a visitor sees that it did."""

from playwright.sync_api import Page

# How the focus shows: the outline around what has it, or around one of the boxes that it is in. It has to be as wide as
# two pixels, of a color that can be told from the background, and not cut off by a box that hides what is outside.
FOCUS = """() => {
    const luminance = (color) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
        const linear = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const contrast = (...colors) => {
        const [low, high] = colors.map(luminance).sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const cutOff = (element, reach) => {
        const { left, right, top, bottom } = element.getBoundingClientRect();
        for (let box = element.parentElement; box; box = box.parentElement) {
            const edge = box.getBoundingClientRect();
            const [x, y] = [getComputedStyle(box).overflowX, getComputedStyle(box).overflowY];
            if (x !== "visible" && (left - reach < edge.left - 0.5 || right + reach > edge.right + 0.5)) return true;
            if (y !== "visible" && (top - reach < edge.top - 0.5 || bottom + reach > edge.bottom + 0.5)) return true;
        }
        return false;
    };
    const shows = (element) => {
        const { outlineStyle, outlineWidth, outlineOffset, outlineColor } = getComputedStyle(element);
        if (outlineStyle === "none") return "no outline";
        if (parseFloat(outlineWidth) < 2) return "a thin outline";
        if (contrast(outlineColor, getComputedStyle(document.body).backgroundColor) < 3) return "a faint outline";
        const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset);
        return element !== document.documentElement && cutOff(element, reach) ? "a cut off outline" : "";
    };
    const boxes = [];
    for (let box = document.activeElement; box && boxes.length < 4; box = box.parentElement) boxes.push(box);
    const reasons = boxes.map(shows);
    const element = document.activeElement;
    const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText;
    return [`${element.type ?? element.role ?? element.tagName} ${name}`, reasons.includes("") ? "" : reasons[0]];
}"""


def tab_stops(page: Page) -> list[tuple[str, str]]:
    """What the Tab key goes to, from the selected tab to the end of the page; and how its focus fails to show."""
    found = []
    page.get_by_role("tab", selected=True).focus()
    for key in ("Tab", "Shift+Tab"):
        page.keyboard.press(key)  # the focus shows once keys are used
    for _ in range(100):
        name, problem = page.evaluate(FOCUS)
        if name.startswith("BODY"):
            break
        found.append((name, problem))
        page.keyboard.press("Tab")
    return found
