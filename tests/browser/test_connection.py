"""A page that is reloaded, or whose server goes away or fails."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice

import pytest
import torch
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.acts import begun, continuation, finished, go_to, reload, status, write
from tests.browser.visitor import opened
from tests.network import network_to
from tests.server import ROOT, free_port, wait_until_listening
from tests.ui.launched import launched
from tinygpt import PRESETS, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import read_facts
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session


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


def prompt(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Prompt")


def test_what_was_asked_for_in_vain_can_be_asked_for_again(context: BrowserContext, address: str):
    with network_to(address) as network, opened(context, network.url) as page:
        # gradio's own first call is answered: if it failed, gradio would ignore what is pressed until the page reloads.
        page.wait_for_function(
            "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/run/predict'))"
        )
        network.cut()
        write(page, "Wherefore", seed=7)
        expect(status(page)).to_contain_text("Connection lost.")
        network.restore()
        expect(status(page)).to_contain_text("A sample of what this model writes")  # the page was loaded again
        expect(prompt(page)).to_have_value("Wherefore")
        page.get_by_role("button", name="Write", exact=True).click()
        expect(page).to_have_url(re.compile("#prompt=Wherefore&"))


def test_a_prompt_that_was_typed_beside_a_text_outlives_reloads(page: Page):
    write(page, "ROMEO:", seed=7)
    finished(page)
    prompt(page).fill("Wherefore")
    for _ in range(2):
        reload(page)
        finished(page)
        expect(prompt(page)).to_have_value("Wherefore")


def test_what_is_chosen_after_a_reload_is_not_overwritten(page: Page):
    write(page, "ROMEO:", length=5000, seed=7)
    finished(page, 5000)
    prompt(page).fill("Wherefore")
    reload(page)
    begun(page)
    page.get_by_role("button", name="KING RICHARD").click()
    finished(page, 5000)
    expect(prompt(page)).to_have_value(re.compile("KING RICHARD"))


@contextmanager
def page_of(session: Session) -> Iterator[str]:
    """The address of a page with the weights of a session."""
    with launched(build(Registry(session))) as client:
        yield str(client.base_url).rstrip("/")


def broken(function: Callable[..., Iterator]) -> Callable[..., Iterator]:
    """A function that yields some states of a text, and then fails."""

    def states(*arguments: object) -> Iterator:
        yield from islice(function(*arguments), 3)
        raise RuntimeError("out of memory")

    return states


def test_a_server_that_fails_is_told_of(context: BrowserContext):
    session = Session(ROOT / "weights")
    session.write, session.write_together = broken(session.write), broken(session.write_together)
    with page_of(session) as address, opened(context, address) as page:
        write(page, "ROMEO:", length=5000)
        expect(status(page)).to_contain_text("This could not be answered.")
        expect(continuation(page)).not_to_be_empty()
        expect(page.get_by_role("button", name="Stop")).to_be_disabled()
        expect(page.get_by_role("button", name="Continue", exact=True)).to_be_disabled()  # it is no whole text
        go_to(page, "Compare")
        expect(page.locator("#compare").get_by_text("This could not be answered.")).to_be_visible()
        go_to(page, "Write")
        with page.expect_request("**/queue/join*"):
            go_to(page, "Compare")  # which asks again


def test_a_model_that_cannot_be_loaded_is_told_of(context: BrowserContext):
    session = Session(ROOT / "weights")

    def fail() -> None:
        raise RuntimeError("out of memory")

    session.engine = fail
    with page_of(session) as address, opened(context, address) as page:
        write(page, "ROMEO:")
        expect(status(page)).to_contain_text("This could not be answered.")
