"""A real browser in front of the real app."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from benchmarks.serving import find_browser
from tests.browser.acts import reset
from tests.browser.visitor import ALLOWED, opened
from tests.server import ROOT
from tinygpt import TextEncoderDecoder, open_checkpoint
from tinygpt.engines.engine import Engine

QUIET = (  # no calls home, which a machine without internet would answer with a row of errors
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)

expect.set_options(timeout=20_000)  # milliseconds: other tests may keep the machine busy


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        reason = "the browser tests need Chromium, Chrome or Edge, and none was found"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    sandbox = not hasattr(os, "geteuid") or os.geteuid() != 0  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, chromium_sandbox=sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps the page's files from one test to the next, and nothing else."""
    context = browser.new_context(permissions=ALLOWED)
    yield context
    context.close()


@pytest.fixture(scope="session")
def shipped() -> tuple[Engine, TextEncoderDecoder]:
    """The engine and the tokenizer of the shipped weights."""
    return open_checkpoint(ROOT / "weights")


@pytest.fixture
def fresh_page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page with the shipped weights, freshly opened."""
    with opened(context, address) as page:
        yield page


@pytest.fixture
def page(fresh_page: Page) -> Page:
    """The page; modules whose tests need no fresh one take `same_page` instead."""
    return fresh_page


@pytest.fixture(scope="session")
def open_page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page with the shipped weights, opened once for all tests; modules with an app of their own have their own."""
    with opened(context, address) as page:
        yield page


@pytest.fixture
def same_page(open_page: Page) -> Page:
    """The page that the tests share, as it was when it opened: an opening takes longer than most tests."""
    reset(open_page)
    return open_page
