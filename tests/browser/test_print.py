"""The page on paper."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import continuation, finished, write
from tests.browser.inside import look_at_attention, readout


@pytest.fixture
def page(same_page: Page) -> Iterator[Page]:
    yield same_page
    same_page.evaluate("document.body.classList.remove('dark')")
    same_page.emulate_media(media="screen", color_scheme="light")


def on_paper(page: Page) -> None:
    """Print the page while it is dark."""
    page.evaluate("document.body.classList.add('dark')")
    page.emulate_media(media="print", color_scheme="dark")


def test_on_paper_stands_the_whole_text_black_on_white_and_how_it_can_be_written_again(page: Page):
    write(page, "ROMEO:\n", length=1500, seed=7)
    finished(page, 1500)
    expect(page.locator("#source")).to_be_hidden()
    on_paper(page)
    expect(continuation(page)).to_be_visible()
    expect(page.locator("#source")).to_contain_text("Prompt: “\u2068ROMEO:\u2069” · temperature 0.8 · seed 7 · tinygpt")
    expect(page.locator("#source")).to_contain_text(page.url.partition("#")[0] + "#prompt=ROMEO")
    for role in ("button", "textbox", "slider", "tab", "link", "heading"):
        expect(page.get_by_role(role)).to_have_count(0)
    cut = "#output-pane .prose, .gradio-container"
    assert page.locator(cut).evaluate_all("all => all.map((each) => each.scrollHeight - each.clientHeight)") == [0, 0]
    style = "each => [getComputedStyle(each).color, getComputedStyle(document.body).backgroundColor]"
    assert continuation(page).evaluate(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_on_paper_a_station_has_its_figures_whole_and_maps_in_the_colors_of_paper(page: Page):
    prompt = "ROMEO:\nBut soft, what light\nthrough yonder window\nbreaks?"
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    look_at_attention(page, prompt)
    on_paper(page)
    page.set_viewport_size({"width": 700, "height": 900})
    for role in ("textbox", "slider", "tab", "navigation"):
        expect(page.get_by_role(role)).to_have_count(0)
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(readout(page)).to_be_visible()
    cut = "each => [each.scrollWidth - each.clientWidth, each.scrollHeight - each.clientHeight]"
    assert page.locator(".walk .window").evaluate(cut) == [0, 0]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    first = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data]"  # it attends to nothing but itself
    assert page.locator(".walk .large canvas").evaluate(first) == [0x8A, 0x23, 0x18, 255]
