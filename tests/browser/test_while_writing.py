"""What a visitor does while a text is written, on a page with weights that take their time."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.acts import begun, continuation, entries, finished, status, unfold, write
from tests.browser.learned import open_tab, point, texts, write_all
from tests.browser.visitor import opened
from tests.server import ROOT, serving
from tinygpt import PRESETS, GPTLanguageModel, TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, HISTORY, METRICS, WEIGHTS, read_facts


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Where the app answers with a model, and four snapshots of it, so large that writing takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    tokenizer = TextEncoderDecoder(read_facts(ROOT / "weights")["vocabulary"])
    torch.manual_seed(1)  # the same texts in every run
    save_checkpoint(folder, GPTLanguageModel(replace(PRESETS["shakespeare-gpt"].model, n_layer=9)), tokenizer)
    (folder / METRICS).write_text('{"step": 5, "train_loss": 2, "validation_loss": 1}')
    config = json.loads((folder / CONFIG).read_text())
    for step in range(1, 5):
        (kept := folder / HISTORY / f"step-{step:06}").mkdir(parents=True)
        os.link(folder / WEIGHTS, kept / WEIGHTS)
        (kept / CONFIG).write_text(json.dumps(config | {"steps": step, "validation_loss": 5 - step / 4}))
    with serving("--weights", str(folder)) as address:
        yield address


@pytest.fixture(scope="module")
def open_page(context: BrowserContext, address: str) -> Iterator[Page]:
    with opened(context, address) as page:
        yield page


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def test_text_streams_and_stop_stops_it(page: Page):
    write(page, "ROMEO:\n", length=5000)
    begun(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status(page)).to_contain_text("stopped")
    expect(page.locator(".writing")).to_have_count(0)
    stopped = continuation(page).text_content()
    assert 0 < len(stopped) < 5000
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    write(page, "ROMEO:\n")  # and the page is ready for the next text
    assert len(finished(page)) == 60


def test_updates_come_a_few_times_per_second_however_long_the_text(page: Page):
    page.evaluate("""() => {
        window.seen = [];
        new MutationObserver(() => window.seen.push(performance.now()))
            .observe(document.querySelector("#output-pane"), {subtree: true, childList: true, characterData: true});
    }""")
    write(page, "ROMEO:\n", length=600)
    finished(page, 600)
    moments = page.evaluate("window.seen")
    # One update may show as several mutations in the same frame; frames are what a person sees.
    frames, seconds = len({int(moment / 16) for moment in moments}), (moments[-1] - moments[0]) / 1000
    assert seconds > 1  # or 60 frames per second could not be told from 15
    assert frames <= 20 * seconds + 3


def test_two_visitors_do_not_disturb_each_other(page: Page, browser: Browser, address: str):
    other = browser.new_page()
    other.goto(address)
    write(page, "ROMEO:\n", length=5000)
    begun(page)
    write(other, "JULIET:\n", seed=3)
    assert len(finished(other)) == 60
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status(page)).to_contain_text("stopped")
    expect(status(other)).not_to_contain_text("stopped")
    other.close()


def test_the_link_of_a_text_that_was_stopped_writes_it_as_far_as_it_came(page: Page, address: str):
    write(page, "ROMEO:\n", length=5000, seed=7)
    begun(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status(page)).to_contain_text("stopped")
    text = continuation(page).text_content()
    link = continuation(page).get_attribute("data-link")
    with opened(page.context, f"{address}/?recipe={quote(link)}") as other:  # as links were before
        assert finished(other, len(text)) == text


def test_while_a_text_is_written_the_entries_wait(page: Page):
    write(page, "JULIET:\n", length=20)
    finished(page, 20)
    unfold(page)
    write(page, "ROMEO:\n", length=5000)
    begun(page)
    expect(entries(page).first).to_have_attribute("aria-disabled", "true")
    entries(page).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status(page)).to_contain_text("stopped")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("ROMEO:\n")
    expect(entries(page).nth(1)).to_have_attribute("aria-disabled", "false")


def link(page: Page) -> dict:
    """The share link of the text on the page, once it is finished."""
    expect(continuation(page)).to_have_attribute("data-link", re.compile("{"), timeout=60_000)
    return json.loads(continuation(page).get_attribute("data-link"))


def open_candidates(page: Page, position: int) -> None:
    """Show the candidates for a character of the text, by keyboard."""
    continuation(page).focus()
    page.keyboard.press("Home")
    for _ in range(position):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Candidates")).to_contain_text(f"Character {position + 1}:")


def press_in_haste(page: Page, *buttons: str, while_writing: bool = False) -> None:
    """Press buttons, CSS selectors, within 50 ms: faster than anything is answered.

    With `while_writing`, wait for a text to be under way before every press but the first.
    """
    page.evaluate(
        """async ([buttons, whileWriting]) => {
            for (const [i, button] of buttons.entries()) {
                if (i > 0 && whileWriting)
                    while (!document.querySelector(".writing")) await new Promise(requestAnimationFrame);
                document.querySelector(button).click();
                await new Promise((done) => setTimeout(done, 10));
            }
        }""",
        [list(buttons), while_writing],
    )


def candidate(page: Page, number: int) -> tuple[str, str]:
    """A candidate that is not the current one: its character and its button."""
    letters = '#candidates button[data-character]:enabled:not([aria-label^="new line"])'
    button = page.locator(letters).nth(number)
    character = button.get_attribute("data-character")
    return character, f'#candidates button[data-character="{character}"]'


WRITE = "button.primary:not(#train)"


def test_a_second_press_on_write_takes_over_and_the_first_text_does_not_come_back(page: Page):
    write(page, "ROMEO:\n", length=5000, seed=7)
    begun(page)
    write(page, "JULIET:\n", length=60, seed=3)
    assert len(finished(page)) == 60
    assert (link(page)["prompt"], link(page)["seed"]) == ("JULIET:\n", "3")
    text = continuation(page).text_content()
    for seed in (4, 5):  # each at once after the other, without waiting for an answer
        page.locator("#seed textarea, #seed input").fill(str(seed))
        press_in_haste(page, WRITE, WRITE, WRITE)
    expect(continuation(page)).to_have_attribute("data-link", re.compile('"seed": "5"'), timeout=60_000)
    assert len(finished(page)) == 60
    assert continuation(page).text_content() != text


def test_a_candidate_chosen_while_a_text_is_written_takes_over(page: Page):
    write(page, "ROMEO:\n", length=60, seed=7)
    before = finished(page)
    open_candidates(page, 5)
    page.get_by_role("spinbutton", name=re.compile("Length")).fill("5000")
    character, button = candidate(page, 0)
    press_in_haste(page, WRITE, button)
    expect(continuation(page)).to_have_attribute("data-link", re.compile(r'"forced": \[\[5'), timeout=60_000)
    assert link(page)["forced"] == [[5, character]]
    assert finished(page)[:6] == before[:5] + character
    expect(page.get_by_role("region", name="Candidates")).to_have_count(0)


def test_of_two_candidates_the_second_is_written(page: Page):
    write(page, "ROMEO:\n", length=200, seed=8)
    before = finished(page, 200)
    open_candidates(page, 5)
    for gap in (False, True):
        first, second = candidate(page, 1), candidate(page, 2)
        press_in_haste(page, first[1], second[1], while_writing=gap)
        expect(continuation(page)).to_have_attribute(
            "data-link", re.compile(re.escape(f'"forced": [[5, {json.dumps(second[0])}]]')), timeout=60_000
        )
        assert finished(page, 200)[:6] == before[:5] + second[0]
        open_candidates(page, 5)


def begin_all(page: Page) -> None:
    """Write with all, and wait until every column has begun.

    Looks at every frame, since there is little time before their end.
    """
    columns = "[...document.querySelectorAll('#learned .output-text')]"
    before = texts(page).all_text_contents()
    write_all(page)
    begun = "(text, i) => text.textContent.length > 1 && !before[i].startsWith(text.textContent)"
    page.wait_for_function(f"(before) => {columns}.every({begun})", arg=before, timeout=60_000)


def test_stop_stops_all_of_the_texts(page: Page):
    open_tab(page, seed=7)
    begin_all(page)
    page.get_by_role("button", name="Stop", exact=True).filter(visible=True).click()
    expect(page.locator("#learned-status")).to_contain_text("stopped")
    assert all(0 < len(text) < 300 for text in texts(page).all_text_contents())


def test_a_press_on_a_point_takes_over_from_what_is_being_written(page: Page):
    open_tab(page, seed=8)
    begin_all(page)
    point(page, 3).click()
    current = page.locator("#learned [aria-current] .output-text")
    expect(current).to_have_text(re.compile(r"^.{300}$", re.S), timeout=60_000)
    lengths = [len(text) for text in texts(page).all_text_contents()]
    assert lengths[2] == 300
    assert max(lengths[:2] + lengths[3:]) < 300
