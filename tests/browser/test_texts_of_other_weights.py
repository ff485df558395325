"""The tabs with texts side by side, where other weights are chosen: in a real browser, with tiny weights."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.acts import go_to
from tests.browser.learned import texts
from tests.browser.visitor import opened
from tests.ui.launched import launched
from tinygpt import GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import HISTORY
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session


def save_run(folder: Path, build: Callable[..., GPTLanguageModel], vocabulary: str, steps: tuple[int, ...]) -> Path:
    """Save the weights of a run, which only know these characters, with snapshots of some steps."""
    tokenizer, model = TextEncoderDecoder(vocabulary), build(vocab_size=len(vocabulary))
    for step in steps:
        save_checkpoint(folder / HISTORY / f"step-{step:06}", model, tokenizer, facts={"steps": step})
    save_checkpoint(folder, build(vocab_size=len(vocabulary), seed=2), tokenizer)
    return folder


@pytest.fixture
def page(context: BrowserContext, build: Callable[..., GPTLanguageModel], tmp_path: Path) -> Iterator[Page]:
    """A page with three weights: two of which have snapshots."""
    registry = Registry(Session(save_run(tmp_path / "main", build, "\nabc", (1, 8, 64))))
    registry.add("digits", save_run(tmp_path / "digits", build, "\n0123", (2, 4)))
    registry.add("capitals", save_run(tmp_path / "capitals", build, "\nABC", ()))
    with launched(build_page(registry)) as client, opened(context, str(client.base_url)) as page:
        yield page


def choose(page: Page, weights: str) -> None:
    page.get_by_role("combobox", name="Weights").select_option(weights)


def expect_texts_of(page: Page, count: int, characters: str) -> None:
    expect(texts(page)).to_have_count(count)
    for text in texts(page).all():
        expect(text).to_have_text(re.compile(rf"^[{characters}\s]{{100,}}$"))


def test_the_texts_in_view_are_always_those_of_the_chosen_weights(page: Page):
    go_to(page, "How it learned")
    expect_texts_of(page, 3, "abc")
    choose(page, "digits")
    expect_texts_of(page, 2, "0-3")
    go_to(page, "Compare")
    expect_texts_of(page, 4, "0-3")
    choose(page, "capitals")
    expect_texts_of(page, 4, "A-C")
    go_to(page, "How it learned")
    expect(page.get_by_text("no curve to show")).to_be_visible()
    expect(page.get_by_role("button", name="Write side by side")).to_have_count(0)
    expect(texts(page)).to_have_count(0)
    choose(page, "main")
    expect_texts_of(page, 3, "abc")
