"""A real browser in front of the real app."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from server import ROOT, serving

from tinygpt import PRESETS, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.stored import read_facts

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
QUIET = (  # no calls home, which a machine without internet would answer with a row of errors
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


def executable() -> str | None:
    """The path of a Chromium, Chrome or Edge on this machine."""
    found = (*map(shutil.which, NAMES), *(place for place in PLACES if Path(place).exists()))
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = executable()
    if path is None:
        reason = "the browser tests need Chromium, Chrome or Edge, and none was found"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    sandbox = not hasattr(os, "geteuid") or os.geteuid() != 0  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, chromium_sandbox=sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the app answers, with the weights that come with the repository."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def slow_address(tmp_path_factory) -> Iterator[str]:
    """Where the app answers with a model so large that a text of 5,000 characters takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    tokenizer = TextEncoderDecoder(read_facts(ROOT / "weights")["vocabulary"])
    save_checkpoint(folder, GPTLanguageModel(PRESETS["shakespeare-gpt"].model), tokenizer)
    with serving("--weights", str(folder)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, freshly opened by a visitor of its own; an error in its console fails the test."""
    with visited(browser, address) as page:
        yield page


@pytest.fixture
def slow_page(browser: Browser, slow_address: str) -> Iterator[Page]:
    """The same, where there is time to do something while a text is written."""
    with visited(browser, slow_address) as page:
        yield page


@contextmanager
def visited(browser: Browser, address: str, *, script: str = "", **options: Any) -> Iterator[Page]:
    """The page of a visitor in whose browser a script runs before it; options are those of a browser's context."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    context.add_init_script(script)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("button", name="Write", exact=True).wait_for()
    yield page
    context.close()
    assert not errors, errors
