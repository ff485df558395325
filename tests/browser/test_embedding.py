"""The page in the hands of other websites: in an iframe, and called by their scripts, as docs/api.md shows it."""

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.acts import finished, write
from tests.ci import ONLY_IN_CI
from tests.documents import examples, install_client
from tests.http_server import QuietHandler, answering
from tests.server import ROOT
from tests.ui.launched import launched
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session

DOCUMENT = "docs/api.md"


@pytest.fixture(scope="module")
def public() -> Iterator[str]:
    """The URL of a page that other machines reach."""
    with launched(build(Registry(Session(ROOT / "weights"))), host="0.0.0.0") as client:
        yield str(client.base_url)


class Files(QuietHandler, SimpleHTTPRequestHandler):
    """Serves the files of a folder."""


@pytest.fixture
def website(tmp_path: Path, context: BrowserContext) -> Iterator[Callable[[str], Page]]:
    """website(html) opens a page of another website, whose folder is `tmp_path`."""
    with answering(partial(Files, directory=tmp_path)) as port:
        page = context.new_page()

        def visit(html: str) -> Page:
            (tmp_path / "index.html").write_text(f"<!doctype html><title>A website</title>{html}", encoding="utf-8")
            page.goto(f"http://localhost:{port}/")
            return page

        yield visit
        page.close()


def example(part: str, address: str) -> str:
    """The HTML that the document shows, for a page with this address."""
    (found,) = (each for each in examples(DOCUMENT, "html", address) if part in each)
    return found


def test_in_an_iframe_a_visitor_writes_a_text_and_copies_its_link(address: str, website):
    page = website(example("<iframe", address))
    frame = page.frame_locator("iframe")
    write(frame, "JULIET:\n", length=60, seed=7)
    assert len(finished(frame)) == 60
    frame.get_by_role("button", name="Copy link").click()
    expect(frame.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"{address}/#")


def test_a_script_of_another_website_gets_a_text_from_a_public_page(public: str, website):
    page = website(example("<script", public))
    page.wait_for_function("document.getElementById('text').textContent.length === 200", timeout=60_000)


@ONLY_IN_CI
def test_gradios_client_on_another_website_gets_texts_from_a_public_page(public: str, website, tmp_path: Path):
    install_client(tmp_path)
    (script,) = examples(DOCUMENT, "js", public)
    imports = '{"imports": {"@gradio/client": "./node_modules/@gradio/client/dist/index.min.js"}}'
    node = (
        'window.last = ""; const console = { log: (text) => (last = text) }, process = { exit: () => (last += ".") };'
    )
    page = website(f'<script type="importmap">{imports}</script><script type="module">{node}{script}</script>')
    page.wait_for_function("window.last?.length === 201", timeout=60_000)
