"""Several weights on one page: those it was started with, and others that were trained on it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.acts import advanced, begun, continuation, finished, go_to, reset, status, write
from tests.browser.candidates import another, panel
from tests.browser.visitor import opened, visited
from tests.server import ROOT
from tests.ui.launched import launched
from tinygpt import PRESETS, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import read_facts
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

# Signs that the shipped weights do not know, so that no text of one can be taken for one of the other.
VOCABULARY = "\n #%()*+,-./0123456789:;=[]ÖÜ"
TRAINED = "page-1"


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Registry:
    """Weights that are so large that a text of 5,000 characters takes seconds, and small ones of another vocabulary."""
    folder = tmp_path_factory.mktemp("weights")
    for name, preset, vocabulary in (
        ("main", "shakespeare-gpt", read_facts(ROOT / "weights")["vocabulary"]),
        (TRAINED, "quick", VOCABULARY),
    ):
        config = replace(PRESETS[preset].model, vocab_size=len(vocabulary))
        save_checkpoint(folder / name, GPTLanguageModel(config), TextEncoderDecoder(vocabulary))
    return Registry(Session(folder / "main"))


@pytest.fixture(scope="module")
def address(registry: Registry, tmp_path_factory) -> Iterator[str]:
    """The page, whose second weights have come after it was built."""
    blocks = build(registry, TrainingJobs(registry, tmp_path_factory.mktemp("runs")))
    registry.add(TRAINED, registry[MAIN].folder.with_name(TRAINED))
    with launched(blocks) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def page(own_page: Page) -> Page:
    """The page that the tests share, with the weights that it starts with."""
    go_to(own_page, "Write")
    choose(own_page, MAIN)
    reset(own_page)
    return own_page


def menu(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Weights")


def choose(page: Page, weights: str) -> None:
    menu(page).select_option(weights)


def share_link(page: Page) -> dict:
    box = page.locator("#json")
    if not box.is_visible():
        page.get_by_text("As JSON", exact=True).click()
    return json.loads(box.input_value())


def test_the_menu_of_weights_is_used_by_keyboard_and_closed_when_the_focus_leaves_it(page: Page):
    expect(menu(page).get_by_role("option")).to_have_text(["Built-in weights", re.compile(TRAINED)])
    menu(page).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Write", exact=True)).to_be_focused()
    expect(menu(page)).to_have_value(MAIN)
    assert page.locator("#weights").bounding_box()["height"] < 60  # nothing of it is left open
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    expect(menu(page)).to_have_value(TRAINED)
    expect(page.locator(".masthead")).to_contain_text("0.1 million parameters")


def test_each_visitor_has_a_choice_of_their_own_and_a_fresh_one_the_main_weights(
    page: Page, browser: Browser, address: str, registry: Registry
):
    with visited(browser, address) as other:
        expect(menu(other)).to_have_value(MAIN)
        choose(other, TRAINED)
        write(page, "ROMEO:\n", seed=7)
        assert finished(page).isascii()
        assert share_link(page)["weights_sha256"] == registry[MAIN].facts["weights_sha256"]
        write(other, "#1", seed=7)
        finished(other)
        assert share_link(other)["weights_sha256"] != share_link(page)["weights_sha256"]


def test_a_text_stays_with_its_weights_when_others_are_chosen(page: Page, registry: Registry):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    choose(page, TRAINED)
    assert continuation(page).text_content() == text
    continuation(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    look = panel(page)
    known = registry[MAIN].facts["vocabulary"]
    expect(look.locator("button[data-character]")).to_have_count(len(known))
    another(page).click()
    expect(look).to_contain_text("chosen by hand")
    assert len(finished(page)) == 60
    assert share_link(page)["weights_sha256"] == registry[MAIN].facts["weights_sha256"]
    assert set(continuation(page).text_content()) <= set(known)


def test_the_link_of_a_text_chooses_its_weights_where_they_are_there(page: Page, address: str):
    choose(page, TRAINED)
    advanced(page)
    expect(page.get_by_role("slider", name=re.compile("Top-k"))).to_have_attribute("max", str(len(VOCABULARY)))
    page.get_by_role("spinbutton", name=re.compile("Top-k")).fill("3")
    write(page, "#1", seed=7)
    text = finished(page)
    link = f"{address}/?recipe={quote(json.dumps(share_link(page)))}"
    with opened(page.context, link) as other:
        assert finished(other) == text
        expect(menu(other)).to_have_value(TRAINED)
        expect(status(other)).not_to_contain_text("other weights")
        advanced(other)
        expect(other.get_by_role("spinbutton", name=re.compile("Top-k"))).to_have_value("3")
        expect(other.get_by_role("slider", name=re.compile("Top-k"))).to_have_attribute("max", str(len(VOCABULARY)))


def test_several_temperatures_are_those_of_the_chosen_weights(page: Page):
    choose(page, TRAINED)
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("Prompt", exact=True).locator("visible=true").fill("#1 [Ü]")
    page.get_by_role("button", name="Write side by side").click()
    texts = page.locator("#compare .output-text")
    expect(texts).to_have_count(4)
    for number in range(4):
        expect(texts.nth(number)).to_have_text(re.compile(r"^[\s\S]{400}$"))
    assert set("".join(texts.all_text_contents())) <= set(VOCABULARY)


def test_two_weights_are_compared_whatever_characters_they_know(page: Page, address: str, registry: Registry):
    go_to(page, "Compare")
    page.get_by_role("radio", name="two settings").check()
    sha256 = registry[TRAINED].facts["weights_sha256"][:12]
    page.get_by_role("group", name="Right text").get_by_label("Weights").select_option(sha256)
    page.get_by_label("Prompt", exact=True).locator("visible=true").fill("A #1")
    page.get_by_role("button", name="Write side by side").click()
    texts, headings = page.locator("#compare .output-text"), page.locator("#compare h2")
    expect(headings).to_have_text(
        [re.compile("^Built-in weights: temperature"), re.compile(f"^{TRAINED}.*: temperature")]
    )
    expect(page.get_by_role("link", name="open the text in the Write tab")).to_have_count(2, timeout=60_000)
    for number, known in enumerate((registry[MAIN].facts["vocabulary"], VOCABULARY)):
        assert set(texts.nth(number).text_content()) <= set(known)
    notes = page.locator("#compare .lines .note")
    expect(notes.filter(has_text=re.compile("^Built-in weights.*#"))).to_have_count(1)
    expect(notes.filter(has_text=re.compile(f"^{TRAINED}.*A"))).to_have_count(1)
    expect(page).to_have_url(re.compile(f"compare.right.weights={sha256}"))
    fragment = page.url.partition("#")[2]
    with page.context.new_page() as other:  # it hears of the second weights when it is there
        other.goto(f"{address}#{fragment}")
        expect(other.locator("#compare h2")).to_have_text([re.compile("^Built-in weights"), re.compile(f"^{TRAINED}")])
        expect(other.locator("#compare .lines")).not_to_contain_text("does not have")
        assert other.url.endswith(fragment)
    go_to(page, "Write")
    page.evaluate("(fragment) => (location.hash = fragment)", fragment.replace(sha256, "0" * 12))
    expect(page.locator("#compare .lines")).to_contain_text("shared from weights that this page does not have")
    expect(headings).to_have_text(["Temperature 1.2", "Temperature 1.2, top-k 5"])
    expect(page.get_by_role("link", name="open the text in the Write tab")).to_have_count(2, timeout=60_000)
    assert page.url.endswith(fragment.replace(sha256, "0" * 12))  # it names what another page may have
    page.go_back()
    page.go_back()
    expect(headings).to_have_text([re.compile("^Built-in weights"), re.compile(f"^{TRAINED}")])
    expect(page.locator("#compare .lines")).not_to_contain_text("does not have")


def test_a_text_under_way_ends_on_the_weights_that_began_it(page: Page, registry: Registry):
    write(page, "ROMEO:\n", length=5000, seed=7)
    begun(page)
    choose(page, TRAINED)
    switched = len(continuation(page).text_content())
    expect(page.locator(".masthead")).to_contain_text("0.1 million")
    expect(continuation(page)).to_have_text(re.compile(rf"^[\s\S]{{{switched + 200},}}$"), timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).filter(visible=True).click()
    expect(status(page)).to_contain_text("stopped")
    assert share_link(page)["weights_sha256"] == registry[MAIN].facts["weights_sha256"]
    assert set(continuation(page).text_content()) <= set(registry[MAIN].facts["vocabulary"])
