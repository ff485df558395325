"""What a visitor types or pastes that cannot be used is said to them, and never lost or taken for something else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.acts import advanced, continuation, finished, status, write
from tests.browser.visitor import opened
from tests.ui.launched import launched
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

LONGEST = 10_000  # characters of a prompt


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


@pytest.fixture(scope="module")
def training(context: BrowserContext, weights: Path, tmp_path_factory) -> Iterator[Page]:
    """A page that offers training, with tiny weights."""
    registry = Registry(Session(weights))
    with (
        launched(build(registry, TrainingJobs(registry, tmp_path_factory.mktemp("runs")))) as client,
        opened(context, str(client.base_url)) as page,
    ):
        page.get_by_role("tab", name="Train").click()
        yield page


def number(page: Page, name: str) -> Locator:
    return page.get_by_role("spinbutton", name=re.compile(name))


def type_into(field: Locator, text: str) -> None:
    """Replace what is in a field by what is typed, key by key, and leave it."""
    field.click()
    field.press("ControlOrMeta+a")
    field.press("Delete")
    field.press_sequentially(text)
    field.page.keyboard.press("Tab")


def expect_told(field: Locator, value: str, note: str) -> None:
    """The field holds a number again, and a sentence beside it says why."""
    expect(field).to_have_value(value)
    told = field.page.get_by_role("alert").filter(has_text=note)
    expect(told).to_be_in_viewport()
    place, box = told.bounding_box(), field.bounding_box()
    assert abs(place["y"] - box["y"]) < 200


def test_an_emptied_length_stays_what_it_was_and_the_text_is_written_with_it(page: Page):
    type_into(number(page, "Length"), "80")
    number(page, "Length").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Write", exact=True).click()  # straight from the emptied field
    expect_told(number(page, "Length"), "80", "Length was left empty, so it is 80 again.")
    assert len(finished(page, 80)) == 80


def test_a_number_field_with_anything_else_says_what_is_wrong_and_holds_a_number(page: Page):
    page.set_viewport_size({"width": 1280, "height": 1400})
    advanced(page)
    page.get_by_role("radio", name="beam").check()
    for name, before, typed, after, note in (
        ("Length", "500", "1e9", "5000", "Length can be at most 5,000."),
        ("Length", "500", "99999999999999999999", "5000", "Length can be at most 5,000."),
        ("Length", "500", "0", "1", "Length must be at least 1."),
        ("Length", "500", "-", "500", "That was not a number, so Length is 500 again."),
        ("Length", "500", "2.7", "3", "Length must be a whole number."),
        ("Temperature", "0.8", "", "0.8", "Temperature was left empty, so it is 0.8 again."),
        ("Temperature", "0.8", "-1", "0", "Temperature must be at least 0."),
        ("Top-k", "65", "66", "65", "Top-k can be at most 65."),
        ("Top-p", "1", "", "1", "Top-p was left empty, so it is 1 again."),
        ("Beam width", "4", "9", "8", "Beam width can be at most 8."),
    ):
        type_into(number(page, name), before)
        type_into(number(page, name), typed)
        expect_told(number(page, name), after, note)
    number(page, "Length").fill("60")
    expect(page.get_by_role("alert").filter(has_text="Length")).to_have_count(0)
    number(page, "Beam width").fill("4")
    number(page, "Temperature").fill("0.8")


def test_the_steps_of_a_training_are_told_too(training: Page):
    training.get_by_role("button", name="Train for longer or shorter").click()
    steps = number(training, "Steps")
    before = steps.input_value()
    type_into(steps, "")
    expect_told(steps, before, f"Steps was left empty, so it is {int(before):,} again.")


def test_a_pasted_text_is_kept_whole_and_refused_in_a_sentence_if_it_is_too_long(page: Page):
    text = "Now is the winter of our discontent. " * 6000
    page.get_by_role("textbox", name="Prompt").fill("")
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.get_by_role("textbox", name="Prompt").focus()
    page.keyboard.press("ControlOrMeta+v")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text(f"at most {LONGEST:,} characters, not {len(text):,}")
    expect(status(page)).to_be_in_viewport()
    assert page.get_by_role("textbox", name="Prompt").input_value() == text
    write(page, text[:LONGEST])
    finished(page)


def test_a_stop_text_and_a_seed_that_are_too_long_are_refused_and_stay(page: Page):
    advanced(page)
    stop = page.get_by_label("Stop at")
    stop.fill("x" * 101)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text("at most 100 characters, not 101")
    expect(stop).to_have_value("x" * 101)
    stop.fill("")
    seed = page.locator("#seed textarea, #seed input")
    seed.fill("1" * 30)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text("must be a whole number from 0")
    expect(seed).to_have_value("1" * 30)
    expect(continuation(page)).to_have_count(0)


def test_a_character_that_nobody_sees_is_named_when_it_is_changed(page: Page):
    write(page, "ROMEO:\tmy\u00a0love\u200b")
    finished(page)
    expect(status(page)).to_contain_text("tab to space")
    expect(status(page)).to_contain_text("no-break space to space")
    expect(status(page)).to_contain_text("Removed zero width space")
