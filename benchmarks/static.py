"""Time the page without a server in headless Chromium, beside our engines in Python, all in one run.

python -m benchmarks.static                  the browser, numba and torch
python -m benchmarks.static --llama2c RUN    also llama2.c, which you build for your machine

The browser's texts are timed from the call to the last answer of the page's backend, with the default settings. Every
round times each of them once, so that a busy machine slows all of them. llama2.c writes a context of 256 characters,
the others 500.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import baselines
from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.decode import Rates
from benchmarks.machine import seconds
from benchmarks.serving import find_browser, serving_folder
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.checkpoint.torch_checkpoint import load_checkpoint
from tinygpt.config import SampleConfig
from tinygpt.engines.selection import as_engine, fastest
from tinygpt.export.static_page import static_page
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.generation import stream
from tinygpt.output import write_files
from tinygpt.request import default, names

SEED, LENGTHS, COMMON = 1, (250, 500, 2000), 500
OPEN = """() => new Promise((resolve, reject) => {
    const url = new URL("web/static_page/worker_backend.js", document.baseURI);
    import(url).then(({ openBackend }) => {
        const onFailure = (lines) => reject(new Error(JSON.stringify(lines)));
        const backend = openBackend("model/", () => ({}), { onOpen() {}, onReady: () => resolve(), onFailure });
        globalThis.timed = (request) => new Promise((resolve) => {
            const start = performance.now();
            backend.write({ request }, ({ writing, text, status }) => {
                if (!writing) resolve({ seconds: (performance.now() - start) / 1000, length: text?.length, status });
            });
        });
    }, reject);
})"""


def main() -> None:
    """Run the command."""
    parser = make_parser("static", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--llama2c", type=Path, metavar="RUN", help="a build of llama2.c's run")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="measurements of each (default: 9)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with one_line_errors(parser), tempfile.TemporaryDirectory() as folder:
        Integer(1, 1000).checked("rounds", args.rounds)
        weights, exported = find_weights(args.weights), Path(folder) / "exported"
        files = static_page(weights, read_checkpoint(weights))
        write_files(files, exported)
        print(header(SEED))
        print_sizes(files)
        with serving_folder(exported) as url, open_browser() as browser:
            print_opening(browser, url, args.rounds)
            print_rates(browser_rates(browser.new_page(), url) | others(args, weights, Path(folder)), args.rounds)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser. Raises ValueError where there is none."""
    if (path := find_browser()) is None:
        raise ValueError("no Chromium, Chrome or Edge was found: install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield browser
        browser.close()


def print_sizes(files: dict[str, bytes]) -> None:
    """Print what the exported folder holds."""
    sizes = {"weights": 0, "kernels": 0, "everything else": 0}
    for name, content in files.items():
        part = "weights" if name.endswith(".bin") else "kernels" if name.endswith(".wasm") else "everything else"
        sizes[part] += len(content)
    print(f"folder    {sum(sizes.values()):,} bytes in {len(files)} files: ", end="")
    print(", ".join(f"{part} {size:,}" for part, size in sizes.items()))


def print_opening(browser: Browser, url: str, rounds: int) -> None:
    """Print the seconds from the navigation of a new visitor to the sample, and to a text of their own."""
    samples, texts = zip(*(opening(browser, url) for _ in range(rounds)), strict=True)
    print(f"opening   {median(samples):.2f} s until a text is there, at most {max(samples):.2f} s, of {rounds} visits")
    print(f"writing   {median(texts):.2f} s until the model has written a character, at most {max(texts):.2f} s\n")


def opening(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds from navigation until the opening text is there, and until the model has written a character."""
    context = browser.new_context(reduced_motion="reduce", service_workers="block")
    page, start = context.new_page(), time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator("#output-pane", has_text=re.compile(r"\w")).wait_for()
    sample = time.perf_counter() - start
    page.evaluate(OPEN)
    page.evaluate("(request) => timed(request)", request(1))
    text = time.perf_counter() - start
    context.close()
    return sample, text


def request(length: int) -> dict[str, Any]:
    """What the page's controls say at first, with a length and a seed."""
    return {name: default(name) for name in names()} | {"length": length, "seed": str(SEED)}


def browser_rates(page: Page, url: str) -> Rates:
    """The page's backend with texts of several lengths."""
    page.goto(url)
    page.evaluate(OPEN)

    def rate(length: int) -> float:
        written = page.evaluate("(request) => timed(request)", request(length))
        if written["length"] != length:
            raise ValueError(f"the page wrote {written['length']} characters instead of {length}: {written['status']}")
        return length / written["seconds"]

    return {f"browser, {length:,} characters": partial(rate, length) for length in LENGTHS}


def others(args: argparse.Namespace, weights: Path, folder: Path) -> Rates:
    """Our engines in Python, and llama2.c if it was asked for."""
    model, tokenizer = load_checkpoint(weights)
    settings = SampleConfig(max_new_tokens=COMMON, seed=SEED)

    def timed(engine: object) -> Callable[[], float]:
        return lambda: COMMON / seconds(lambda: list(stream(engine, tokenizer, settings=settings)))

    engine = fastest(model)
    rates = {engine.name: timed(engine)} | {"torch": timed(as_engine(model))}
    if args.llama2c:
        baselines.check_shape(model.config)
        rates["llama2.c run"] = baselines.llama2c(args.llama2c, model.config, folder, quantize=False)
    return rates


def print_rates(rates: Rates, rounds: int) -> None:
    """Print the characters per second of each: the median and the best of rounds in which each is timed once."""
    for measured in rates.values():
        measured()  # compiles, fills caches
    table = [[measured() for measured in rates.values()] for _ in range(rounds)]
    columns = dict(zip(rates, zip(*table, strict=True), strict=True))
    reference = median(columns[f"browser, {COMMON:,} characters"])
    for name, column in columns.items():
        print(f"{name:26} {median(column):8,.0f} characters per second, at best {max(column):8,.0f}; ", end="")
        print(f"the browser writes {COMMON} at {reference / median(column):5.2f} times the rate")


if __name__ == "__main__":
    main()
