"""The visitor's own texts, which their browser keeps, in a real browser."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.acts import advanced, continuation, entries, finished, unfold, write
from tests.browser.visitor import visited

KEY = "tinygpt.texts"
EMPTY = re.compile("The texts that you write are listed here")


@pytest.fixture
def page(same_page: Page) -> Page:
    """The page that the tests share, with an empty list."""
    unfold(same_page)
    if same_page.get_by_role("button", name="Clear all").is_visible():
        same_page.get_by_role("button", name="Clear all").click()
    expect(entries(same_page)).to_have_count(0)
    return same_page


def stored(page: Page) -> list[dict]:
    return json.loads(page.evaluate(f"localStorage.getItem('{KEY}')") or "[]")


def reopen(page: Page, content: str) -> None:
    """Open the page again where the browser has kept this."""
    page.evaluate(f"content => localStorage.setItem('{KEY}', content)", content)
    page.reload()
    unfold(page)


def test_every_finished_text_is_listed_the_latest_first_with_what_it_came_from(page: Page):
    unfold(page)
    expect(page.locator(".texts")).to_contain_text(EMPTY)
    write(page, "Act I.\nJULIET:\n", seed=3)
    first = finished(page)
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0.5")
    write(page, "ROMEO:\n", seed=4)
    finished(page)
    expect(entries(page)).to_have_count(2)
    expect(entries(page).nth(0)).to_contain_text("ROMEO:")
    expect(entries(page).nth(0)).to_contain_text("temperature 0.5 · seed 4")
    expect(entries(page).nth(1)).to_contain_text("JULIET:")
    expect(entries(page).nth(1)).not_to_contain_text("Act I.")
    expect(entries(page).nth(1)).to_contain_text(" ".join(first[:30].split()))


def test_a_press_on_an_entry_sets_the_page_and_writes_the_text_again_to_the_character(page: Page):
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("1.1")
    write(page, "JULIET:\nO,", seed=2**64 - 1)
    first = finished(page)
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0.3")
    write(page, "ROMEO:\n", length=80, seed=4)
    finished(page, 80)
    unfold(page)
    entries(page).nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("JULIET:\nO,")
    expect(continuation(page)).to_have_text(first)
    assert finished(page) == first
    expect(page.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("1.1")
    expect(entries(page)).to_have_count(2)  # it moved up instead of being doubled
    expect(entries(page).nth(0)).to_contain_text("O,")
    expect(entries(page).nth(0)).to_be_focused()


def test_how_a_text_was_sampled_is_told_and_where_nothing_was_sampled_too(page: Page):
    unfold(page)
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0")
    write(page, "")
    finished(page)
    expect(entries(page).nth(0)).to_contain_text("greedy")
    expect(entries(page).nth(0)).to_contain_text("(no prompt)")
    advanced(page)
    page.get_by_role("radio", name="beam").check()
    write(page, "ROMEO:\n")
    expect(entries(page).nth(0)).to_contain_text("beam width 4", timeout=60_000)


def test_the_list_outlives_the_page_and_stays_in_its_browser(page: Page, browser: Browser, address: str):
    write(page, "ROMEO:\n", seed=4)
    text = finished(page)
    page.reload()
    unfold(page)
    expect(entries(page)).to_have_count(1)
    entries(page).first.click()
    expect(continuation(page)).to_have_text(text)
    expect(page.get_by_text("Someone shared this text")).to_have_count(0)
    other = browser.new_context().new_page()
    other.goto(address)
    unfold(other)
    expect(other.locator(".texts")).to_contain_text(EMPTY)
    other.context.close()


def test_what_the_server_is_told_at_a_press_is_that_one_link(page: Page):
    for seed in (1, 2):
        write(page, f"Prompt {'AB'[seed - 1]}:\n", seed=seed)
        finished(page)
        expect(continuation(page)).to_have_attribute("data-link", re.compile(f'"seed": "{seed}"'))
    unfold(page)
    requests = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("request", note)
    entries(page).nth(1).click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Prompt A:\n")
    finished(page)
    page.remove_listener("request", note)  # the page goes on to the next test
    sent = [request.post_data or "" for request in requests]
    assert any("Prompt A" in each for each in sent)
    assert not any("Prompt B" in each for each in sent)


def test_clear_all_empties_list_and_storage(page: Page):
    write(page, "ROMEO:\n", seed=4)
    finished(page)
    unfold(page)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".texts")).to_contain_text(EMPTY)
    expect(page.locator(".texts button")).to_have_count(0)
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None
    page.reload()
    unfold(page)
    expect(page.locator(".texts")).to_contain_text(EMPTY)
    write(page, "ROMEO:\n", seed=4)  # and the same text is listed again once it is written again
    expect(entries(page)).to_have_count(1)


def test_the_list_of_a_second_page_in_the_same_browser_follows(page: Page, address: str):
    other = page.context.new_page()
    other.goto(address)
    unfold(other)
    write(page, "ROMEO:\n", seed=4)
    finished(page)
    expect(entries(other)).to_have_count(1)
    write(other, "JULIET:\n", seed=5)
    finished(other)
    expect(entries(other)).to_have_count(2)
    assert len(stored(page)) == 2
    other.close()


def test_the_list_keeps_fifty(page: Page):
    link = {"prompt": "ROMEO:", "temperature": 0.8, "strategy": "sample"}
    many = [{"link": json.dumps(link | {"seed": str(n)}), "text": "O", "time": 1} for n in range(60)]
    reopen(page, json.dumps(many))
    expect(entries(page)).to_have_count(50)
    write(page, "JULIET:\n")
    finished(page)
    expect(entries(page)).to_have_count(50)
    expect(entries(page).nth(0)).to_contain_text("JULIET:")
    assert len(stored(page)) == 50


def test_texts_that_an_earlier_version_kept_are_listed_and_written_again(page: Page):
    write(page, "ROMEO:\n", seed=4)
    text = finished(page)
    link = json.loads(stored(page)[0]["link"])
    before = link | {"chosen": link.pop("forced"), "beam_width": None}
    before.pop("forced", None)
    kept = [{"recipe": json.dumps(before), "text": text, "time": 1}]
    reopen(page, json.dumps(kept))
    entries(page).first.click()
    expect(continuation(page)).to_have_text(text)
    expect(entries(page)).to_have_count(1)  # it is the same text, not another one


RUBBISH = [
    "not json",
    "7",
    '[null, 7, "x", {}, {"link": "{}", "text": "a", "time": 1}, {"link": "null", "text": "a", "time": 1},'
    ' {"recipe": 5, "text": "a", "time": 1}, {"link": "{\\"prompt\\": 5}", "text": "a", "time": "now"}]',
]


@pytest.mark.parametrize("content", RUBBISH)
def test_rubbish_in_the_storage_is_taken_for_nothing(page: Page, content: str):
    reopen(page, content)
    expect(page.locator(".texts")).to_contain_text(EMPTY)
    write(page, "ROMEO:\n")
    finished(page)
    expect(entries(page)).to_have_count(1)
    assert len(stored(page)) == 1


def test_html_in_the_storage_is_shown_as_text_and_a_forged_link_is_refused(page: Page):
    evil = "<img src=x onerror=\"document.title='broken'\">"
    fields = {"prompt": evil, "temperature": 0.8, "seed": evil, "strategy": "sample", "beam_width": evil}
    forged = [{"link": json.dumps(fields), "text": evil, "time": 1e300}]
    reopen(page, json.dumps(forged))
    expect(entries(page).first).to_contain_text("<img")
    expect(page.locator(".texts img")).to_have_count(0)
    entries(page).first.click()
    expect(page.get_by_role("alert")).to_contain_text("which weights")
    assert "broken" not in page.title()


def test_without_storage_the_list_lasts_as_long_as_the_page(browser: Browser, address: str):
    missing = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError') }})"
    with visited(browser, address, script=missing) as page:
        page.get_by_role("button", name="Close for good").click()
        expect(page.get_by_role("region", name="Things to try")).to_be_hidden()
        unfold(page)
        write_one_and_clear(page)


def write_one_and_clear(page: Page) -> None:
    write(page, "ROMEO:\n")
    finished(page)
    expect(entries(page)).to_have_count(1)
    expect(page.locator(".texts")).to_contain_text("This browser stores no more texts of this page")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".texts")).to_contain_text(EMPTY)


@pytest.fixture
def room(page: Page) -> Iterator[Callable[[int], None]]:
    """room(700) lets the storage take values of at most 700 characters, until the test ends."""
    page.evaluate("() => { window.setItem = Storage.prototype.setItem }")
    script = """room => {
        Storage.prototype.setItem = function (key, value) {
            if (value.length > room) throw new DOMException("full", "QuotaExceededError");
            window.setItem.call(this, key, value);
        };
    }"""
    yield lambda characters: page.evaluate(script, characters)
    page.evaluate("() => { Storage.prototype.setItem = window.setItem }")


def test_with_a_full_storage_the_list_lasts_as_long_as_the_page(page: Page, room):
    room(0)
    write_one_and_clear(page)


def test_a_storage_that_is_nearly_full_keeps_the_latest(page: Page, room):
    room(700)
    for number, speaker in enumerate(("ROMEO", "JULIET", "NURSE")):
        write(page, f"{speaker}:\n")
        expect(entries(page)).to_have_count(number + 1)
        finished(page)
    assert ["NURSE" in each["link"] for each in stored(page)] == [True]
