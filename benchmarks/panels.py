"""Time in a browser how long the page's panels take to answer, and what the page adds to writing a text."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from benchmarks.serving import APP, find_browser, serving
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.continuation import write
from tinygpt.inference.generation import stream
from tinygpt.inference.loading import open_checkpoint
from tinygpt.request import GenerationRequest

PROMPT, LENGTH = "ROMEO:\n", 249  # together a full window of the shipped weights

# Until nothing on the page has changed for a while, so that no late change counts as the answer to the next action.
SETTLE = """() => new Promise((done) => {
    const wait = () => setTimeout(() => { observer.disconnect(); done(); }, 300);
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = wait(); });
    let timer = wait();
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
})"""
# From the next key or click until a part of the page has changed, is `ready` and has been painted: milliseconds.
WATCH = """([part, ready]) => {
    let start = null;
    for (const input of ["keydown", "click"])
        document.addEventListener(input, () => (start ??= performance.now()), { capture: true });
    window.elapsed = new Promise((done, fail) => {
        const observer = new MutationObserver(() => {
            if (start === null || !eval(ready)) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
        });
        observer.observe(document.querySelector(part), { childList: true, subtree: true, characterData: true });
        setTimeout(() => fail(new Error(`${part} did not change within 20 seconds`)), 20_000);
    });
}"""
CANDIDATES_READY = '!document.querySelector("#candidates .waiting")'
MAPS_READY = 'document.querySelector("#inside .readout")?.textContent'


class Panel(NamedTuple):
    """A part of the page, and what makes it change."""

    name: str
    part: str  # CSS selector
    ready: str  # JavaScript: whether the change is complete
    prepare: Callable[[], object]
    act: Callable[[], object]


def main() -> None:
    """Run the command."""
    parser = make_parser("panels", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--browser", default=find_browser(), metavar="PATH", help="a Chromium, Chrome or Edge")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="measurements of each (default: 20)")
    args = parser.parse_args()
    with one_line_errors(parser):
        Integer(1, 1000).checked("rounds", args.rounds)
        if not args.browser:
            raise ValueError("no Chromium, Chrome or Edge was found: name one with --browser PATH")
        weights = find_weights(args.weights)
        open_checkpoint(weights)  # compiles the engine, if this has not been done on this machine
        print(header(1))
        with serving(APP, "--weights", str(weights)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(reduced_motion="reduce")  # texts are in view at once
            page.goto(server.url)
            write_full_window(page)
            for panel in panels(page):
                times = [time_panel(page, panel) for _ in range(args.rounds)]
                print(f"{panel.name:30}{median(times):4.0f} ms, at most {max(times):.0f}")
            browser.close()
        print_overhead(weights, min(args.rounds, 5))


def write_full_window(page: Page) -> None:
    """Let the page write a text that together with its prompt fills the model's context."""
    page.get_by_role("textbox", name="Prompt").fill(PROMPT)
    page.get_by_label("number input for Length").fill(str(LENGTH))
    page.get_by_role("button", name="Advanced").click()
    page.locator("#seed textarea, #seed input").fill("1")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_text(f"{LENGTH} characters").wait_for(timeout=60_000)
    page.locator(".writing").wait_for(state="detached")


def panels(page: Page) -> list[Panel]:
    """The panels to time, with the text of a full window on the page."""
    text, temperature = page.locator("#continuation"), page.get_by_label("number input for Temperature")
    inside, window = page.get_by_role("tab", name="Look inside"), page.locator("#inside .window")
    press = page.keyboard.press
    inside.click()  # Gradio builds a tab when it is first opened
    window.wait_for()

    def select_another_character() -> None:
        page.get_by_role("tab", name="Write").click()
        text.focus()
        press("ArrowLeft" if page.evaluate("CSS.highlights.get('here').size") else "End")

    def open_candidates() -> None:
        select_another_character()
        time_change(page, "#candidates", lambda: press("Enter"), CANDIDATES_READY)

    return [
        Panel(
            "candidates for a character",
            "#candidates",
            CANDIDATES_READY,
            select_another_character,
            lambda: press("Enter"),
        ),
        Panel("the same, a slider moved", "#candidates", CANDIDATES_READY, temperature.focus, lambda: press("ArrowUp")),
        Panel("all heads and the diagram", ".walk", MAPS_READY, open_candidates, inside.click),
        Panel("another character in them", "#diagram", "true", window.focus, lambda: press("ArrowLeft")),
    ]


def time_panel(page: Page, panel: Panel) -> float:
    """Milliseconds from the action to the panel's change."""
    page.evaluate(SETTLE)
    panel.prepare()
    return time_change(page, panel.part, panel.act, panel.ready)


def time_change(page: Page, part: str, act: Callable[[], object], ready: str = "true") -> float:
    """Milliseconds from an action to the change of a part of the page. Raises playwright's Error when none comes."""
    page.evaluate(SETTLE)
    page.evaluate(WATCH, [part, ready])
    act()
    return page.evaluate("window.elapsed")


def print_overhead(weights: Path, rounds: int) -> None:
    """Print how long a text takes as the page writes it, with the confidence of each character, beside `stream`."""
    engine, tokenizer = open_checkpoint(weights)
    request = GenerationRequest(prompt=PROMPT, length=2000, seed=1)
    page, library = (
        median(seconds(work) for _ in range(rounds))
        for work in (
            lambda: list(write(engine, tokenizer, request)),
            lambda: list(stream(engine, tokenizer, PROMPT, request.sample_config())),
        )
    )
    ratio = page / library
    print(f"\n{request.length:,} characters for the page   {page:.3f} s, {ratio:.2f} times as long as by `stream`")


if __name__ == "__main__":
    main()
