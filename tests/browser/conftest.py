"""A real browser in front of the real app."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.serving import serving_folder
from tests.browser.acts import reset
from tests.browser.modules import WEB, runner
from tests.browser.visitor import ALLOWED, opened
from tests.server import ROOT
from tinygpt import TextEncoderDecoder, open_checkpoint
from tinygpt.engines.engine import Engine

expect.set_options(timeout=20_000)  # milliseconds: other tests may keep the machine busy


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps the page's files from one test to the next, and nothing else."""
    context = browser.new_context(permissions=ALLOWED, reduced_motion="reduce")  # texts stand there at once
    yield context
    context.close()


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Callable[..., Any]]:
    """modules("model/sampling")(script, argument) calls a script with the exports of modules of tinygpt/web."""
    page = browser.new_page()
    with serving_folder(WEB) as url:
        yield partial(runner, page, url)
    page.close()


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
    """The page with the shipped weights, opened once for all tests."""
    with opened(context, address) as page:
        yield page


@pytest.fixture(scope="module")
def own_page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page of an app that a module has of its own, by its `address`, opened once for the module's tests."""
    with opened(context, address) as page:
        yield page


@pytest.fixture
def same_page(open_page: Page) -> Page:
    """The page that the tests share, as it was when it opened: an opening takes longer than most tests."""
    reset(open_page)
    return open_page
