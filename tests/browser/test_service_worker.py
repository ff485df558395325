"""The page without a server is kept in the browser: it opens offline, and a new version replaces the old one whole."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.serving import serving_folder
from tests.browser.acts import finished, write
from tests.browser.static_folder import export
from tinygpt import TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import read_facts

PATH, OTHER = "plays/tinygpt", "tinygpt"  # where pages lie on their site
WEIGHTS = "fetch('model/config.json').then((file) => file.json()).then((config) => config.facts.weights_sha256)"

# In the moment after the last tab with the old version is closed.
NOTHING_WAITS = """async () => {
    for (let n = 0; n < 1000 && (await navigator.serviceWorker.getRegistrations()).some((each) => each.waiting); n++)
        await new Promise((resume) => setTimeout(resume, 20));
}"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has seen nothing yet."""
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def publish(build, tokenizer: TextEncoderDecoder, tmp_path: Path) -> Callable[..., str]:
    """publish(seed) puts a version of the page on the site, and returns the sha256 of its weights."""

    def put(seed: int, path: str = PATH) -> str:
        save_checkpoint(tmp_path / "weights", build(seed=seed), tokenizer)
        folder = tmp_path / "site" / path
        shutil.rmtree(folder, ignore_errors=True)
        export(tmp_path / "weights", folder)
        return read_facts(tmp_path / "weights")["weights_sha256"]

    return put


def opened(context: BrowserContext, url: str) -> Page:
    """The page in a new tab, once it is kept in the browser."""
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("() => navigator.serviceWorker.controller")
    return page


def test_after_the_first_visit_the_page_opens_without_a_network_whatever_the_query(context, publish, tmp_path):
    weights, other = publish(0), publish(1, OTHER)
    (tmp_path / "site" / PATH / "notes.txt").write_text("not of the page")
    with serving_folder(tmp_path / "site") as site:
        page = opened(context, f"{site}/{PATH}/")
        title = page.title()
        assert "tinygpt" in title
        assert page.evaluate("fetch('notes.txt').then((file) => file.status)") == 200
        page.close()
        opened(context, f"{site}/{OTHER}/").close()
    page = context.new_page()
    for address in ("", "index.html", "?lang=en#prompt=ROMEO%3A", "index.html?x=1"):
        page.goto("about:blank")
        page.goto(f"{site}/{PATH}/{address}")
        assert page.title() == title
        assert page.evaluate("location.href") == f"{site}/{PATH}/{address}"
    assert page.evaluate(WEIGHTS) == weights
    write(page, "A warm harbor")
    assert len(finished(page)) == 60
    for unknown in ("notes.txt", "../", "../tinygpt"):
        assert page.evaluate(f"fetch('{unknown}').then(() => 'kept', () => 'asked for')") == "asked for"
    page.goto(f"{site}/{OTHER}/")
    assert page.evaluate(WEIGHTS) == other


def test_a_new_version_comes_whole_once_the_old_one_is_closed_and_the_old_one_is_removed(context, publish, tmp_path):
    old = publish(0)
    with serving_folder(tmp_path / "site") as site:
        url = f"{site}/{PATH}/"
        first = opened(context, url)
        (kept,) = first.evaluate("caches.keys()")
        new = publish(1)
        second = opened(context, url)  # the browser notices the new version by itself
        second.evaluate("navigator.serviceWorker.ready.then((found) => { window.registration = found; })")
        second.wait_for_function("() => registration.waiting")
        assert first.evaluate(WEIGHTS) == second.evaluate(WEIGHTS) == old
        outside = context.new_page()
        outside.goto(site)
        first.close()
        second.close()
        outside.evaluate(NOTHING_WAITS)
        page = opened(context, url)
        assert page.evaluate(WEIGHTS) == new
        (now,) = page.evaluate("caches.keys()")
        assert now != kept
