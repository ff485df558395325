"""A visitor: a page that is open in a browser. An error in its console fails the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

ALLOWED = ("clipboard-read", "clipboard-write")


@contextmanager
def visited(browser: Browser, address: str, *, script: str = "", **options: Any) -> Iterator[Page]:
    """The page of a visitor with a browser of their own, in which a script runs before the page's.

    Options are those of a browser's context. Unless they say otherwise, texts do not come into view bit by bit.
    """
    context = browser.new_context(**{"permissions": ALLOWED, "reduced_motion": "reduce"} | options)
    context.add_init_script(script)
    with opened(context, address) as page:
        yield page
    context.close()


@contextmanager
def opened(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page, opened anew in a browser that may have seen it before: that loads it faster, and keeps nothing else."""
    others = list(context.pages)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("button", name="Write", exact=True).wait_for()
    yield page
    page.evaluate("try { localStorage.clear(); sessionStorage.clear() } catch {}")
    for each in context.pages:
        if each not in others:
            each.close()
    assert not errors, errors
