"""The page without a server: all that a visitor does on it, while the model runs in their own browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import serving_folder
from tests.browser.acts import (
    TINTS,
    advanced,
    continuation,
    entries,
    finished,
    go_to,
    lines_in_view,
    status,
    unfold,
    write,
)
from tests.browser.candidates import another, click
from tests.browser.inside import go_to_station
from tests.browser.static_folder import export
from tests.browser.visitor import visited
from tests.hostile import TEXTS
from tests.server import ROOT
from tinygpt.flags import SHIPPED
from tinygpt.inference.sample import read_sample
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.share_link import ShareLink, read_share_link
from tinygpt.ui.theme import theme

SAMPLE = read_sample(SHIPPED)
LINK = ShareLink(SAMPLE.request, SAMPLE.weights_sha256)
TELL_BLOCKED = """addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error(`blocked: ${violatedDirective} ${blockedURI}`));"""


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Path:
    """The exported page, below a path of its site."""
    site = tmp_path_factory.mktemp("site")
    export(SHIPPED, site / "plays" / "tinygpt")
    return site


@pytest.fixture(scope="module")
def address(exported: Path) -> Iterator[str]:
    with serving_folder(exported) as url:
        yield f"{url}/plays/tinygpt/"


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page as it opens, for all tests of this module, in order. Nothing in it may break its policy."""
    with visited(browser, address, script=TELL_BLOCKED, service_workers="block") as page:
        errors = []
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        yield page
        assert errors == []


def json_of(page: Page) -> dict:
    """The share link of the text in view, as the page shows it."""
    return json.loads(page.locator("#json").input_value())


@pytest.mark.parametrize("size", [(1280, 800), (360, 780)], ids=str)
def test_form_and_sample_are_on_the_first_screen(page: Page, size: tuple[int, int]):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for part in (
        page.get_by_role("textbox", name="Prompt"),
        page.get_by_role("slider", name="Length"),
        page.get_by_role("slider", name="Temperature"),
        page.get_by_role("button", name="Write", exact=True),
    ):
        expect(part).to_be_in_viewport(ratio=1)
    expect(continuation(page)).to_have_text(SAMPLE.text)
    expect(status(page)).to_contain_text("A sample of what this model writes")
    assert page.evaluate(TINTS) == "".join(digit if digit < "5" else "-" for digit in SAMPLE.confidence)
    assert lines_in_view(page) >= 3
    assert page.evaluate("[scrollX, scrollY, document.documentElement.scrollWidth - innerWidth]") == [0, 0, 0]


def test_the_controls_say_what_is_written(page: Page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="First Citizen").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(re.compile("^First Citizen:\n"))
    advanced(page)
    page.get_by_role("spinbutton", name="Temperature").fill("0.63")  # between the slider's steps
    page.get_by_role("slider", name="Top-k").press("Home")
    page.get_by_role("spinbutton", name="Top-p").fill("0.9")
    page.get_by_role("textbox", name="Stop at").fill("zz")
    write(page, "ROMEO:\n", length=60, seed=2**64 - 1)
    finished(page)
    settings = {"prompt": "ROMEO:\n", "temperature": 0.63, "top_k": 1, "top_p": 0.9, "stop": "zz", "length": 60}
    link = json_of(page)
    assert link == link | settings | {"seed": str(2**64 - 1), "strategy": "sample", "forced": []}
    for reset in ("Temperature", "Top-k", "Top-p"):
        page.get_by_role("button", name=f"Reset {reset}").click()
    page.get_by_role("textbox", name="Stop at").fill("")
    page.get_by_role("radio", name="Beam search").check()
    page.get_by_role("slider", name="Beam width").press("End")
    page.get_by_role("textbox", name="Prompt").press("Shift+Enter")
    expect(status(page)).to_contain_text("beam width 8")
    defaults = {"temperature": 0.8, "top_k": None, "top_p": None, "stop": None, "strategy": "beam", "beam_width": 8}
    assert json_of(page) == json_of(page) | defaults
    page.get_by_role("radio", name="Sampling").check()
    expect(page.get_by_role("slider", name="Beam width")).to_be_hidden()


def test_a_mistake_is_told_at_its_field_or_below_the_text(page: Page):
    page.get_by_role("spinbutton", name="Length").fill("9000")
    page.get_by_role("spinbutton", name="Length").blur()
    expect(page.get_by_text("Length can be at most 5,000.")).to_be_in_viewport(ratio=1)
    write(page, "ROMEO:\n", length=60)
    page.locator("#seed input").fill("seven")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(status(page)).to_contain_text(
        "Seed must be a whole number from 0 to 18,446,744,073,709,551,615, not 'seven'."
    )


def test_a_text_is_steered_undone_continued_and_cleared(page: Page):
    write(page, "ROMEO:\n", length=60, seed=7)
    text = finished(page)
    click(page, 3)
    page.get_by_role("dialog", name="Candidates for character 4").wait_for()
    likeliest = page.locator(".candidates li .kept").first
    expect(likeliest).to_have_attribute("style", re.compile(r"width: \d\d?\.\d"))
    page.get_by_role("slider", name="Temperature").press("Home")
    expect(likeliest).to_have_attribute("style", "width: 100%;")
    page.get_by_role("button", name="Reset Temperature").click()
    click(page, 3)
    another(page).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert finished(page)[:3] == text[:3]
    page.get_by_role("button", name="Undo").click()
    expect(continuation(page)).to_have_text(text)
    page.get_by_role("button", name="Continue").click()
    assert finished(page, 120)[:60] == text
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert text in Path(download.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as picture").click()
    assert Image.open(Path(download.value.path())).width == 1200
    page.get_by_role("button", name="Copy", exact=True).first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith(text)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("The continuation appears here.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("")


def test_a_long_text_stops_at_once_and_is_listed(page: Page):
    write(page, "JULIET:\n", length=5000, seed=11)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status(page)).to_contain_text(re.compile("stopped|per second"))
    assert 0 < len(continuation(page).text_content()) < 5000
    unfold(page)
    entries(page).last.click()
    expect(page.locator("#json")).not_to_have_value("")


def test_a_link_of_the_app_opens_and_one_from_here_opens_in_the_app(page: Page, address: str):
    page.goto(f"{address}{LINK.fragment()}")
    expect(page.get_by_text("Someone shared this text")).to_be_visible()
    expect(continuation(page)).to_have_text(SAMPLE.text)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(SAMPLE.request.prompt)
    page.get_by_role("button", name="Copy link").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{address}#")
    link = read_share_link(copied.partition("#")[2])
    assert (link.request, LINK.weights_sha256.startswith(link.weights_sha256)) == (SAMPLE.request, True)


def test_what_a_link_holds_stays_text(page: Page):
    for text in TEXTS[:4]:
        request = GenerationRequest(prompt=text, length=1, seed=1)
        fragment = ShareLink(request, SAMPLE.weights_sha256).fragment()
        page.evaluate("(fragment) => (location.hash = fragment)", fragment)
        expect(page.get_by_role("textbox", name="Prompt")).to_have_value(text)
        expect(status(page)).to_contain_text("1 character")
    page.evaluate("(fragment) => (location.hash = fragment)", "#prompt=<img src=x onerror=alert(1)>&seed=1")
    expect(status(page)).to_contain_text("This link does not say which weights")
    assert page.locator("main img, main script").count() == 0


def test_temperatures_are_compared_with_the_same_prompt(page: Page):
    page.get_by_role("textbox", name="Prompt").fill("KING RICHARD:\n")
    go_to(page, "Compare")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("KING RICHARD:\n")
    page.get_by_role("textbox", name="Temperatures").fill("0, 1")
    page.get_by_role("textbox", name="Temperatures").press("Enter")
    page.get_by_role("link", name="Temperature 1: open").click()
    expect(page.get_by_role("tab", name="Write")).to_have_attribute("aria-selected", "true")
    finished(page, 400)
    assert json_of(page)["temperature"] == 1
    assert page.get_by_role("textbox", name="Prompt").input_value() == "KING RICHARD:\n"


def test_one_looks_inside_and_comes_back_there_by_the_address(page: Page):
    click(page, 4)
    page.get_by_role("button", name="Look inside: see how the model got here").click()
    expect(page.locator("#inside .readout")).to_contain_text("Block 1, head 1")
    go_to_station(page, "Attention")
    page.locator("#inside .overview button").nth(4).click()
    expect(page.locator("#inside .readout")).to_contain_text("Block 2, head 2")
    page.wait_for_url(re.compile("tab=inside&station=attention.*layer=1&head=1"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the numbers as SVG").click()
    assert download.value.suggested_filename == "3-attention-block-2-head-2.svg"
    assert 'fill="#8a2318"' in Path(download.value.path()).read_text(encoding="utf-8")
    page.reload()
    expect(page.locator("#inside .readout")).to_contain_text("Block 2, head 2")
    page.go_back()
    expect(page.locator("#lesson-characters")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("tab", name="Write")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("file", ["model/weights.bin", "web/model/kernels.wasm", "web/writer.js"])
def test_a_file_that_is_missing_is_told(browser: Browser, address: str, file: str):
    page = browser.new_page(service_workers="block")
    page.route(f"**/{file}", lambda route: route.abort())
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text(re.compile("[Cc]heck the connection,? and reload the page"))
    page.close()


def test_a_folder_that_is_not_served_says_how_to_serve_it(browser: Browser, exported: Path):
    page = browser.new_page()
    page.goto((exported / "plays" / "tinygpt" / "index.html").as_uri())
    expect(page.get_by_role("alert")).to_contain_text("python -m http.server")
    page.close()


def test_the_colors_are_those_of_the_app():
    css = (ROOT / "tinygpt/web/static_page/colors.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([a-z-]+): (#\w+);", part)) for part in css.split("@media")[:2])
    of_app = {name.replace("_", "-"): str(value) for name, value in vars(theme("page.css")).items()}
    for name in light:
        assert (light[name], dark[name]) == (of_app[name], of_app[f"{name}-dark"])


def test_whoever_presses_a_button_before_there_is_anything_can_write_afterwards(browser: Browser, address: str):
    page = browser.new_page(service_workers="block", reduced_motion="reduce")
    held = []
    page.route("**/config.json", lambda route: held.append(route))
    with page.expect_request("**/config.json"):
        page.goto(address)
    page.get_by_role("button", name="Clear", exact=True).click()
    held[0].continue_()
    write(page, "ROMEO:\n", seed=7)
    assert len(finished(page)) == 60
    page.close()


def test_a_browser_that_is_too_old_is_told_so(browser: Browser, address: str):
    with visited(browser, address, script="delete HTMLElement.prototype.popover") as page:
        expect(page.locator("#failure")).to_contain_text("This page does not run in this browser. Update the browser")
