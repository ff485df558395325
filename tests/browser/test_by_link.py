"""Arriving by a link: the text comes first, as it was written, and where there is none the page says why."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.acts import advanced, continuation, entries, finished, status, unfold, write
from tests.browser.visitor import opened, visited
from tests.server import ROOT
from tinygpt import SampleConfig, stream
from tinygpt.checkpoint.reading import read_facts
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.share_link import ShareLink, read_share_link

PHONE, DESK = {"width": 360, "height": 780}, {"width": 1280, "height": 800}
WEIGHTS = read_facts(ROOT / "weights")["weights_sha256"]
LINK = ShareLink(GenerationRequest(prompt="JULIET:\nO,", length=120, temperature=1.1, seed=7), WEIGHTS)


@pytest.fixture(scope="module")
def arriving(open_page: Page, address: str) -> Iterator[Callable[[str], Page]]:
    """arriving(link) is the page of a visitor who opens a link, a fragment or a query, and knows no texts yet."""
    with opened(open_page.context, address) as page:

        def arrive(link: str) -> Page:
            page.evaluate("localStorage.clear()")
            page.goto("about:blank")  # or a link to the page that is open would only change its fragment
            page.goto(f"{address}/{link}")
            return page

        yield arrive


def shared(page: Page) -> Locator:
    return page.get_by_role("region", name="Shared text")


def seed(page: Page) -> Locator:
    advanced(page)
    return page.locator("#seed textarea, #seed input")


def top(locator: Locator) -> float:
    return locator.bounding_box()["y"]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_shared_text_comes_first_as_it_was_written(arriving, shipped, size):
    page = arriving(LINK.fragment())
    page.set_viewport_size(size)
    expect(shared(page)).to_contain_text("Someone shared this text")
    settings = SampleConfig(max_new_tokens=120, temperature=1.1, seed=7)
    assert finished(page, 120) == "".join(stream(*shipped, "JULIET:\nO,", settings))
    expect(shared(page)).to_be_in_viewport(ratio=1)
    expect(continuation(page)).to_be_in_viewport()
    assert top(continuation(page)) < 0.6 * size["height"]
    prompt = page.get_by_role("textbox", name="Prompt")
    assert (top(prompt) > top(continuation(page))) == (size is PHONE)
    expect(prompt).to_have_value("JULIET:\nO,")
    expect(page.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("1.1")
    expect(page.get_by_role("spinbutton", name=re.compile("Length"))).to_have_value("120")
    expect(seed(page)).to_have_value("")


def test_after_a_shared_text_write_and_write_another_give_texts_that_are_new_each_time(arriving):
    page = arriving(LINK.fragment())
    texts = [finished(page, 120)]
    links = [page.url]
    for button in ("Write another", "Write", "Write"):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page).not_to_have_url(links[-1])
        expect(shared(page)).to_have_count(0)
        expect(continuation(page)).not_to_have_attribute("data-link", "")
        texts.append(finished(page, 120))
        links.append(page.url)
    assert len(set(texts)) == len(set(links)) == 4
    requests = [read_share_link(link[link.index("#") :]).request for link in links]
    assert all(replace(request, seed=7) == LINK.request for request in requests)
    unfold(page)
    expect(entries(page)).to_have_count(3)  # the shared one is not the visitor's
    entries(page).last.click()
    expect(page).to_have_url(links[1])
    page.get_by_role("button", name="Write", exact=True).click()  # and so after one of one's own
    expect(page).not_to_have_url(links[1])
    assert finished(page, 120) not in texts


def test_the_prompt_of_a_shared_text_is_at_hand_on_a_phone(arriving):
    page = arriving(LINK.fragment())
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Edit the prompt").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_be_focused()
    expect(page.get_by_role("textbox", name="Prompt")).to_be_in_viewport()


def test_a_greedy_text_comes_out_the_same_every_time_so_there_is_no_other(arriving):
    page = arriving(replace(LINK, request=replace(LINK.request, temperature=0)).fragment())
    expect(shared(page)).to_be_visible()
    expect(page.get_by_role("button", name="Write another")).to_have_count(0)


def test_a_text_of_ones_own_is_not_shared_by_someone(arriving, address: str):
    page = arriving("")
    write(page, "ROMEO:\n", seed=5)
    text = finished(page)
    link = page.url.removeprefix(f"{address}/")
    page.reload()
    assert finished(page) == text
    expect(shared(page)).to_have_count(0)
    page.goto("about:blank")
    page.goto(f"{address}/?again=1{link}")
    assert finished(page) == text
    expect(shared(page)).to_have_count(0)
    arriving(link)  # as somebody else
    expect(shared(page)).to_be_visible()


def earlier(link: ShareLink) -> str:
    """A link as earlier versions made it."""
    fields = json.loads(link.json())
    return f"?recipe={quote(json.dumps(fields | {'beam_width': None, 'chosen': fields.pop('forced')}))}"


def test_links_of_earlier_versions_open(arriving):
    link = replace(LINK, forced={3: "x"})
    page = arriving(earlier(link))
    text = finished(page, 120)
    assert text[3] == "x"
    expect(shared(page)).to_be_visible()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page).to_have_url(re.compile(r"/#prompt"))  # not by the old link any more
    arriving(link.fragment())
    assert finished(page, 120) == text


def test_a_text_of_other_weights_is_told_to_differ(arriving):
    page = arriving(replace(LINK, weights_sha256="0" * 12).fragment())
    expect(shared(page)).to_contain_text("this page does not have the weights that wrote it")
    assert len(finished(page, 120)) == 120
    expect(status(page)).to_contain_text("Other weights wrote")


VALID = LINK.fragment()
DAMAGED = "This link is damaged or incomplete: ask for the link again, or write a text of your own."
BROKEN = {
    "cut": VALID[:-5],
    "cut within a character": "#prompt=%E2%82&seed=7",
    "no value": "#prompt=a&seed=7&length",
    "a field twice": f"{VALID}&seed=8",
    "no number": VALID.replace("1.1", "warm"),
    "no seed": VALID.replace("seed=7&", ""),
    "out of bounds": VALID.replace("120", "99999"),
    "more than the vocabulary": f"{VALID}&top_k=200",
    "unknown character": f"{VALID}&forced=%5B%5B3%2C%22%C3%A9%22%5D%5D",
    "no list": f"{VALID}&forced=null",
    "of a version to come": f"{VALID}&mood=merry",
    "earlier and cut": earlier(LINK)[:-9],
    "earlier and empty": "?recipe=",
}
SENTENCES = dict.fromkeys(BROKEN, DAMAGED) | {
    "cut": re.compile("^This link does not say which weights .+write a text of your own.$"),
    "no seed": re.compile("^This link has no seed: .+write a text of your own.$"),
    "out of bounds": re.compile("^This link cannot be opened .length must be .+write a text of your own.$"),
    "more than the vocabulary": re.compile("^This link cannot be opened .top_k must be .+write a text of your own.$"),
    "unknown character": re.compile("^This link cannot be opened .+'é'.+write a text of your own.$"),
    "no list": re.compile("^The chosen characters in this link are damaged .+write a text of your own.$"),
    "earlier and empty": re.compile("^This link does not say which weights"),
    "of a version to come": re.compile(
        "^This link .+ a newer version of this page.+'mood': reload the page, ask .+own.$"
    ),
}


def test_a_broken_link_is_told_in_view_with_what_to_do_and_the_page_goes_on(arriving):
    page = arriving("#prompt=a&seed")
    error = page.get_by_role("alert")
    for name, link in BROKEN.items():
        if link.startswith("#"):
            page.evaluate("link => (location.hash = link)", link)
        else:
            arriving(link)
        expect(error, name).to_have_text(SENTENCES[name])
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            expect(error, name).to_be_in_viewport(ratio=1)
    write(page, "ROMEO:\n", seed=5)
    assert len(finished(page)) == 60
    expect(error).to_have_count(0)
    expect(page).to_have_url(re.compile("seed=5"))


def test_a_broken_link_loses_no_text_that_is_there(arriving):
    page = arriving("")
    write(page, "ROMEO:\n", seed=5)
    text = finished(page)
    page.evaluate("link => (location.hash = link)", BROKEN["out of bounds"])
    expect(page.get_by_role("alert")).to_be_visible()
    expect(continuation(page)).to_contain_text(text)
    page.go_back()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert finished(page) == text


def test_two_visitors_who_write_and_share_at_once_never_get_each_others_text(browser: Browser, address: str, shipped):
    prompts, settings = ("JULIET:\nO,", "ROMEO:\n"), SampleConfig(max_new_tokens=1500, seed=7)
    with visited(browser, address) as one, visited(browser, address) as two:
        for page, prompt in zip((one, two), prompts, strict=True):
            write(page, prompt, length=1500, seed=7)
        texts = [finished(page, 1500) for page in (one, two)]
        assert texts == ["".join(stream(*shipped, prompt, settings)) for prompt in prompts]
        links = [page.url for page in (one, two)]
        for page, link in zip((one, two), reversed(links), strict=True):
            page.goto("about:blank")
            page.goto(link)
        for page, text, prompt in zip((one, two), reversed(texts), reversed(prompts), strict=True):
            expect(shared(page)).to_be_visible()
            assert finished(page, 1500) == text
            expect(page.get_by_role("textbox", name="Prompt")).to_have_value(prompt)


def test_on_a_phone_a_link_is_shared_by_the_systems_sheet(browser: Browser, address: str):
    sheet = "navigator.share = (data) => ((window.shared = data), Promise.reject(new DOMException('', 'AbortError')))"
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    with visited(browser, f"{address}/{LINK.fragment()}", script=sheet, **phone) as page:
        text = finished(page, 120)
        page.get_by_role("button", name="Share", exact=True).click()
        page.wait_for_function("window.shared")
        data = page.evaluate("window.shared")
        assert (data["title"], data["url"]) == (page.title(), page.url)
        assert data["text"].startswith(f"JULIET:\nO,{text[:60]}")
