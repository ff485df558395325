"""The address follows what is seen, so that reloading, going back and forward, and links all lead to it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import continuation, finished, go_to, write
from tests.browser.candidates import another
from tests.browser.inside import go_to_station
from tinygpt.ui.front_end import FrontEnd


@pytest.fixture
def page(same_page: Page) -> Page:
    return same_page


def said(page: Page) -> dict[str, str]:
    """The fields of the address."""
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).fragment).items()}


def expect_said(page: Page, **fields: str | None) -> None:
    """Wait until the address says fields so; it does not say those that are None."""
    for name, value in fields.items():
        pattern = rf"#(?!.*\b{name}=)" if value is None else rf"[#&]{name}={re.escape(value)}(&|$)"
        expect(page).to_have_url(re.compile(pattern))


def text_of(page: Page, seed: int) -> str:
    """Wait until the text of a seed is there, and give it."""
    expect(continuation(page)).to_have_attribute("data-link", re.compile(f'"seed": "{seed}"'))
    return finished(page)


def selected(page: Page) -> str:
    return page.locator('[role="tab"][aria-selected="true"]').inner_text()


def inspect(page: Page, presses: int) -> None:
    """Show the candidates of a character, by keyboard."""
    continuation(page).focus()
    for key in ("Home", *["ArrowRight"] * presses, "Enter"):
        page.keyboard.press(key)


def test_back_and_forward_lead_through_texts_and_tabs(page: Page):
    write(page, "ROMEO:\n", seed=3)
    first = text_of(page, 3)
    expect_said(page, prompt="ROMEO%3A%0A", seed="3", tab=None)
    write(page, "JULIET:\n", seed=4)
    second = text_of(page, 4)
    go_to(page, "How it learned")
    expect_said(page, seed="4", tab="learned")
    go_to(page, "Compare")
    expect_said(page, seed="4", tab="compare")
    page.go_back()
    expect(page.get_by_role("tab", name="How it learned")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("tab", name="Write", exact=True)).to_have_attribute("aria-selected", "true")
    assert text_of(page, 4) == second
    page.go_back()
    assert text_of(page, 3) == first
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("ROMEO:\n")
    page.go_forward()
    assert text_of(page, 4) == second
    page.go_forward()
    expect(page.get_by_role("tab", name="How it learned")).to_have_attribute("aria-selected", "true")
    expect_said(page, seed="4", tab="learned")
    go_to(page, "Write")
    write(page, "NURSE:\n", seed=5)
    text_of(page, 5)
    expect_said(page, seed="5", tab=None)


def test_a_place_that_a_person_goes_back_to_is_not_overwritten_before_the_page_hears_of_it(modules):
    """While a browser goes back, its address changes first, and the page's own timer may come before the event."""
    on_the_way = """async ({ follow }) => {
        follow({ tab: "inside" });
        follow({ position: 3 }); // the address says so a moment later
        history.replaceState(null, "", "#tab=train"); // it is changed without an event
        await new Promise((done) => setTimeout(done, 500)); // after that moment
        return location.hash;
    }"""
    assert modules("address")(on_the_way) == "#tab=train"


def test_a_text_that_is_steered_stays_one_place_and_its_candidates_are_another_part_of_it(page: Page):
    write(page, "ROMEO:\n", seed=3)
    first = text_of(page, 3)
    write(page, "ROMEO:\n", seed=6)
    text_of(page, 6)
    places = page.evaluate("history.length")
    inspect(page, 4)
    expect_said(page, position="4")
    another(page).click()
    expect(page).to_have_url(re.compile("forced="))
    steered = text_of(page, 6)
    link = page.url
    assert page.evaluate("history.length") == places
    page.go_back()
    assert text_of(page, 3) == first
    page.go_forward()
    expect(page).to_have_url(link)
    assert text_of(page, 6) == steered


def test_clear_takes_the_text_out_of_the_address(page: Page):
    write(page, "ROMEO:\n", seed=3)
    text = text_of(page, 3)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page).to_have_url(re.compile(r"^[^#]*$"))
    page.go_back()
    assert text_of(page, 3) == text


def test_a_reload_brings_back_the_text_the_tab_and_what_was_inspected(fresh_page: Page):
    page = fresh_page
    write(page, "ROMEO:\n", seed=3)
    text = text_of(page, 3)
    inspect(page, 4)
    expect_said(page, position="4")
    page.reload()
    assert text_of(page, 3) == text
    expect(page.locator("#candidates button[data-character]").first).to_be_visible()
    go_to(page, "Look inside")
    go_to_station(page, "Attention")
    heads = page.locator(".overview button")
    heads.nth(7).click()
    page.locator(".window span").nth(5).click()
    expect_said(page, tab="inside", station="attention", index="5", layer="2", head="1")
    readout = page.locator(".readout").inner_text()
    page.reload()
    expect(page.get_by_role("tab", name="Look inside")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".readout")).to_have_text(readout)
    expect(heads.nth(7)).to_have_attribute("aria-pressed", "true")
    page.goto(page.url.replace("index=5", "index=2"))  # by a link to another character of it
    expect(page.locator(".readout")).to_contain_text("character 3,")


def test_anchors_within_the_page_change_nothing_else(page: Page):
    write(page, "ROMEO:\n", seed=3)
    text = text_of(page, 3)
    page.evaluate("location.hash = 'lesson'")
    write(page, "ROMEO:\n", seed=4)
    text_of(page, 4)
    expect_said(page, seed="4")
    page.go_back()  # to the anchor
    page.go_back()
    assert text_of(page, 3) == text


def test_what_an_address_says_is_read_as_it_was_written(open_page: Page):
    script = f"""async (fragments) => {{
        const {{ readPlace, writePlace }} = await import("./{FrontEnd().url}/address.js");
        return fragments.map((each) => [readPlace(each), readPlace(each) && writePlace(readPlace(each))]);
    }}"""
    nothing = dict.fromkeys(("link", "tab", "station", "position", "index", "layer", "head", "compare")) | {
        "own": False
    }
    places = {
        "": nothing,
        "#tab=inside": nothing | {"tab": "inside"},
        "#prompt=a%26tab%3Db&seed=7": nothing | {"link": "#prompt=a%26tab%3Db&seed=7"},
        "#tab=compare&compare.seed=7&compare.left.top_k=5": {
            **nothing,
            "tab": "compare",
            "compare": "seed=7&left.top_k=5",
        },
        "#tab=inside&station=all": nothing | {"tab": "inside", "station": "all"},
        "#seed=7&tab=inside&station=feed-forward&position=3&index=0&layer=1&head=2": {
            **nothing,
            "link": "#seed=7",
            "tab": "inside",
            "station": "feed-forward",
            "position": 3,
            "index": 0,
            "layer": 1,
            "head": 2,
        },
    }
    answers = open_page.evaluate(script, [*places])
    assert answers == [[place, fragment] for fragment, place in places.items()]
    ((place, fragment),) = open_page.evaluate(script, ["#tab=temperature"])  # of earlier versions
    assert (place["tab"], fragment) == ("compare", "#tab=compare")
    anchors_and_nonsense = open_page.evaluate(script, ["#lesson-2", "#", "#station=x&position=-1&index=x&head=1e9"])
    assert anchors_and_nonsense == [[None, None], [nothing, ""], [nothing, ""]]
