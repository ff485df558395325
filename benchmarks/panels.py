"""How soon the page's panels answer, and what steering costs a text: python benchmarks/panels.py [--browser PATH]"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from machine import describe, seconds
from playwright.sync_api import Page, sync_playwright
from serving import APP, serving

from tinygpt import SampleConfig, kernels, open_checkpoint
from tinygpt.flags import SHIPPED, Parser
from tinygpt.writing import write

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PROMPT, LENGTH = "ROMEO:\n", 249  # together a full window
ROUNDS = 20

# From a visitor's next deed until a part of the page has changed and is `ready`, and was painted: milliseconds.
WATCH = """([part, ready]) => {
    let start = null;
    for (const deed of ["keydown", "click"])
        document.addEventListener(deed, () => (start ??= performance.now()), { capture: true });
    window.took = new Promise((done) => {
        const observer = new MutationObserver(() => {
            if (start === null || !eval(ready)) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
        });
        observer.observe(document.querySelector(part), { childList: true, subtree: true, characterData: true });
    });
}"""


def main() -> None:
    parser = Parser(prog="panels.py", description=__doc__.split(":")[0])
    parser.add_argument("--browser", default=next(filter(None, map(shutil.which, BROWSERS)), None), metavar="PATH")
    args = parser.parse_args()
    if not args.browser:
        sys.exit("panels.py: no Chromium, Chrome or Edge was found; name one with --browser PATH")
    print(f"machine   {describe()}\nseed      1\n")
    with serving(APP) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(server.address)
        print_panels(page)
        browser.close()
    print_cost()


def print_panels(page: Page) -> None:
    """Each panel, at a text of a full window."""
    page.get_by_role("textbox", name="Prompt").fill(PROMPT)
    page.get_by_label("number input for Length").fill(str(LENGTH))
    page.get_by_role("button", name="Advanced").click()
    page.locator("#seed textarea, #seed input").fill("1")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_text(f"{LENGTH} characters").wait_for(timeout=60_000)
    page.locator(".writing").wait_for(state="detached")
    text, temperature = page.locator("#continuation"), page.get_by_label("number input for Temperature")
    inside, window = page.get_by_role("tab", name="Look inside"), page.locator("#heads .window")
    key = page.keyboard.press

    inside.click()  # a tab is built when it is first seen
    window.wait_for()

    def another_character() -> None:
        page.get_by_role("tab", name="Write").click()
        text.focus()
        key("ArrowLeft" if page.locator("#look .look").count() else "End")

    def candidates() -> None:
        another_character()
        with_changes(page, "#look", lambda: key("Enter"))

    drawn = 'document.querySelector("#heads .told")?.textContent'
    panels: list[tuple[str, Callable[[], object], str, str, Callable[[], object]]] = [
        ("candidates for a character", another_character, "#look", "true", lambda: key("Enter")),
        ("the same, a slider moved", temperature.focus, "#look", "true", lambda: key("ArrowUp")),
        ("all heads and the machine", candidates, "#heads", drawn, inside.click),
        ("another character in them", window.focus, "#machine", "true", lambda: key("ArrowLeft")),
    ]
    for name, prepare, part, ready, deed in panels:
        times = []
        for _ in range(ROUNDS):
            prepare()
            times.append(with_changes(page, part, deed, ready))
        print(f"{name:30}{median(times):4.0f} ms, at most {max(times):.0f}")


def with_changes(page: Page, part: str, deed: Callable[[], object], ready: str = "true") -> float:
    """Milliseconds from a deed to the change that it makes there."""
    page.evaluate(WATCH, [part, ready])
    deed()
    return page.evaluate("window.took")


def print_cost() -> None:
    """A text with what steering needs beside it: the model's probability of each character, and the digits of it."""
    model, tokenizer = open_checkpoint(SHIPPED)
    settings = SampleConfig(max_new_tokens=2000, seed=1)
    logits_V = np.linspace(-10, 10, tokenizer.vocab_size, dtype=np.float32)
    whole = median(seconds(lambda: list(write(model, tokenizer, PROMPT, settings))) for _ in range(5))
    expected = median(seconds(lambda: often(logits_V, settings.max_new_tokens)) for _ in range(5))
    print(f"\na text of {settings.max_new_tokens:,} characters with what steering needs")
    print(f"  takes {whole:.3f} s, at most {whole / (whole - expected):.2f} times as long as without")


def often(logits_V: np.ndarray, times: int) -> None:
    for _ in range(times):
        kernels._probability(logits_V, 3)


if __name__ == "__main__":
    main()
