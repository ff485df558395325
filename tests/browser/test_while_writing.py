"""What a visitor does while a text is written, on a page with weights that take their time."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import begun, continuation, entries, finished, reset, status, unfold, write
from tests.browser.candidates import another, panel
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


@pytest.fixture
def page(own_page: Page) -> Page:
    reset(own_page)
    return own_page


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


def test_a_call_that_is_refused_while_a_text_is_written_leaves_what_there_is_of_it(page: Page):
    write(page, "ROMEO:\n", length=5000, seed=7)
    begun(page)
    page.locator("#seed textarea, #seed input").fill("seven")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text("Seed must be a whole number")
    expect(page.locator(".writing")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    assert 0 < len(continuation(page).text_content()) < 5000
    write(page, "ROMEO:\n", seed=7)
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
    other = browser.new_page(reduced_motion="reduce")
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
    expect(panel(page)).to_contain_text(f"Character {position + 1}:")
    expect(page.locator("#candidates .waiting")).to_have_count(0)
    # Those of a text before may still be there.
    current = continuation(page).text_content()[position]
    expect(panel(page).locator("[aria-current]")).to_have_attribute("data-character", current)


def press_in_haste(page: Page, *buttons: str, while_writing: bool = False) -> None:
    """Press buttons, CSS selectors, within 50 ms: faster than anything is answered.

    With `while_writing`, wait for a text to be under way before every press but the first.
    """
    page.evaluate(
        """async ([buttons, whileWriting]) => {
            const deadline = performance.now() + 20_000;
            for (const [i, button] of buttons.entries()) {
                while (i > 0 && whileWriting && !document.querySelector(".writing")) {
                    if (performance.now() > deadline) throw new Error("nothing is written");
                    await new Promise(requestAnimationFrame);
                }
                document.querySelector(button).click();
                await new Promise((done) => setTimeout(done, 10));
            }
        }""",
        [list(buttons), while_writing],
    )


def candidate(page: Page, number: int) -> tuple[str, str]:
    """A candidate that is not the current one: its character and its button."""
    character = another(page, number).get_attribute("data-character")
    return character, f'#candidates button[data-character="{character}"]'


WRITE = "#write"


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
    expect(panel(page)).to_have_count(0)


def test_of_two_candidates_the_second_is_written(page: Page):
    write(page, "ROMEO:\n", length=800, seed=8)  # long enough to be seen while it is written
    before = finished(page, 800)
    open_candidates(page, 5)
    for gap in (False, True):
        first, second = candidate(page, 1), candidate(page, 2)
        press_in_haste(page, first[1], second[1], while_writing=gap)
        expect(continuation(page)).to_have_attribute(
            "data-link", re.compile(re.escape(f'"forced": [[5, {json.dumps(second[0])}]]')), timeout=60_000
        )
        assert finished(page, 800)[:6] == before[:5] + second[0]
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


def test_a_point_can_be_chosen_while_the_texts_are_written_and_stop_stops_all_of_them(page: Page):
    open_tab(page)
    begin_all(page)
    point(page, 3).click()
    expect(page.locator("#learned [aria-current] h2")).to_have_text("Step 3")
    page.get_by_role("button", name="Stop", exact=True).filter(visible=True).click()
    expect(page.locator("#learned [role=status]")).to_contain_text("Stopped")
    assert all(0 < len(text) < 300 for text in texts(page).all_text_contents())
