"""A page that is reloaded, whose server goes away, or that a bad network has let through in part."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import torch
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.acts import begun, continuation, status, write
from tests.browser.visitor import opened
from tests.server import ROOT, free_port, wait_until_listening
from tinygpt import PRESETS, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import read_facts

MODULES = [
    "**/chart.js",
    "**/assets/index-*.js",
    "**/assets/Blocks-*.js",
]  # ours, gradio's first, one of its others


@pytest.fixture
def server(tmp_path) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """The address of an app that takes seconds for a text, and functions that start and kill it."""
    tokenizer = TextEncoderDecoder(read_facts(ROOT / "weights")["vocabulary"])
    torch.manual_seed(1)
    save_checkpoint(tmp_path, GPTLanguageModel(replace(PRESETS["shakespeare-gpt"].model, n_layer=9)), tokenizer)
    port = free_port()
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), "--weights", str(tmp_path)]
    with ExitStack() as running:
        yield (
            f"http://127.0.0.1:{port}",
            lambda: running.enter_context(wait_until_listening(command, cwd=ROOT)),
            running.close,
        )


def test_a_text_outlives_a_reload_and_the_end_of_its_server(context: BrowserContext, server):
    address, start, kill = server
    start()
    with opened(context, address) as page:
        write(page, "ROMEO:\n", length=5000, seed=7)
        begun(page)
        beginning, link = continuation(page).text_content(), page.url
        assert link.startswith(f"{address}/#prompt=ROMEO%3A%0A&length=5000&seed=7&weights_sha256=")

        def goes_on() -> None:
            expect(page.locator(".writing")).to_contain_text(beginning, timeout=60_000)
            expect(page).to_have_url(link)
            expect(page.get_by_text("Someone shared this text")).to_have_count(0)

        page.reload()
        goes_on()
        kill()
        expect(status(page)).to_contain_text("Connection lost.")
        expect(continuation(page)).to_contain_text(beginning)
        start()
        goes_on()


@pytest.fixture
def incomplete(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, opened where requests for one of its modules fail."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.route(request.param, lambda route: route.abort("connectionreset"))
    page.goto(address)
    expect(page.get_by_role("alert")).to_have_text(re.compile("not be loaded completely. It loads again when"))
    yield page
    context.close()


@pytest.mark.parametrize("incomplete", MODULES, indirect=True)
def test_a_page_that_was_not_loaded_completely_loads_again(incomplete: Page):
    incomplete.unroute_all()
    expect(status(incomplete)).to_contain_text("A sample of what this model writes")
    expect(incomplete.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("incomplete", MODULES[:1], indirect=True)
def test_a_page_that_still_is_not_complete_leaves_that_to_the_visitor(incomplete: Page):
    expect(incomplete.get_by_role("alert")).to_have_text(re.compile("Check the connection, and reload the page."))
