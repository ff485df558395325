"""Training on the page, and writing with what was trained, in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.acts import advanced, begun, continuation, expect_accessible, finished, reset, status, write
from tests.browser.visitor import opened, visited
from tests.server import ROOT, serving
from tinygpt import (
    PRESETS,
    GPTLanguageModel,
    SampleConfig,
    TextEncoderDecoder,
    load_checkpoint,
    save_checkpoint,
    stream,
)
from tinygpt.checkpoint.reading import read_facts

# Signs that the shipped weights do not know, so that no text of one can be taken for one of the other.
TEXT = "#1 [Ü] = 23 + 4 * (5 % 6);\n#2 [Ö] = 7 / 8 + 90 * 1;\n" * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def main_weights(folder: Path) -> Path:
    """The weights that the page starts with, so large that a text of 5,000 characters takes seconds."""
    tokenizer = TextEncoderDecoder(read_facts(ROOT / "weights")["vocabulary"])
    save_checkpoint(folder / "large", GPTLanguageModel(PRESETS["shakespeare-gpt"].model), tokenizer)
    return folder / "large"


@pytest.fixture(scope="module")
def address(folder: Path, main_weights: Path) -> Iterator[str]:
    """Where the app answers; what is trained there is kept in a folder of its own."""
    with serving("--train", "--weights", str(main_weights), cwd=folder) as address:
        yield address


@pytest.fixture(scope="module")
def open_page(context: BrowserContext, address: str) -> Iterator[Page]:
    with opened(context, address) as page:
        yield page


@pytest.fixture
def page(open_page: Page) -> Page:
    """The page that the tests share, with the weights that it starts with."""
    to_write(open_page)
    if menu(open_page).is_visible():  # there are others
        choose(open_page, "the page’s weights")
    reset(open_page)
    return open_page


@pytest.fixture
def trained(open_page: Page, folder: Path) -> str:
    """The name of the first weights that were trained on the page."""
    if not (folder / "runs" / "page-1").exists():
        train(open_page, TEXT)
        expect(said(open_page)).to_contain_text("Trained in", timeout=60_000)
    return "page-1"


def fill(page: Page, text: str, steps: int = 20) -> None:
    page.get_by_role("tab", name="Train", exact=True).click()
    page.get_by_label("A text to learn from").fill(text)
    page.get_by_role("spinbutton", name="Steps").fill(str(steps))


def train(page: Page, text: str, steps: int = 20) -> None:
    """Fill in the form, press Train, and wait until what was said before is gone."""
    fill(page, text, steps)
    before = said(page).text_content()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(said(page)).not_to_have_text(before)


def said(page: Page) -> Locator:
    return page.locator("#progress")


def menu(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Weights")


def choose(page: Page, weights: str) -> None:
    menu(page).click()
    page.get_by_role("option", name=re.compile(weights)).click()
    expect(menu(page)).to_have_value(re.compile(weights))


def to_write(page: Page) -> None:
    page.get_by_role("tab", name="Write", exact=True).click()


def share_link(page: Page) -> dict:
    box = page.locator("#json textarea")
    if not box.is_visible():
        page.get_by_role("button", name="As JSON").click()
    return json.loads(box.input_value())


def test_a_text_is_pasted_and_in_the_end_its_weights_write(page: Page, folder: Path):
    parts = [page.locator(part) for part in ("#progress", "#learning", "#sample")]
    fill(page, TEXT, steps=20)
    page.get_by_role("button", name="Train", exact=True).click()
    before = [part.bounding_box() for part in parts]
    expect(page.locator("#progress progress")).to_have_attribute("max", "20")
    expect(page.locator("#sample")).to_contain_text(re.compile(r"after step \d+"), timeout=60_000)
    expect(page.locator("#learning polyline")).to_have_count(2)
    assert [part.bounding_box() for part in parts] == before
    expect(said(page)).to_contain_text(re.compile(r"Trained in \d+ s: \d\.\d{3} nats"), timeout=60_000)
    name = re.search(r"weights as (page-\d+)", said(page).text_content())[1]
    facts = read_facts(folder / "runs" / name)
    expect(menu(page)).to_have_value(f"{name} (quick, {facts['validation_loss']:.3f} nats)")
    expect(page.locator(".masthead")).to_contain_text("0.1 million parameters")
    expect(page.locator(".masthead")).not_to_contain_text("Shakespeare")
    page.get_by_role("tab", name="How it learned").click()
    expect(page.locator(".facts")).to_contain_text(facts["weights_sha256"][:16])
    to_write(page)
    expect(page.locator(".examples").get_by_role("button", name="#1 [Ü]")).to_be_visible()
    expect(page.locator(".examples button:visible")).to_have_count(2)
    advanced(page)
    expect(page.get_by_role("spinbutton", name=re.compile("Top-k"))).to_have_value(str(len(set(TEXT))))
    expect(page.get_by_role("slider", name=re.compile("Top-k"))).to_have_attribute("max", str(len(set(TEXT))))
    write(page, "#1 [Ü]", seed=7)
    text = finished(page)
    model, tokenizer = load_checkpoint(folder / "runs" / name)
    assert text == "".join(stream(model, tokenizer, "#1 [Ü]", SampleConfig(max_new_tokens=60, seed=7)))


def test_a_file_is_trained_on_too(fresh_page: Page, folder: Path, tmp_path: Path):
    page = fresh_page
    (tmp_path / "mine.txt").write_text(TEXT, encoding="utf-8")
    fill(page, "", steps=2)
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.txt")
    expect(page.get_by_text("mine", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(said(page)).to_contain_text("Trained in", timeout=60_000)
    name = re.search(r"weights as (page-\d+)", said(page).text_content())[1]
    assert (folder / "runs" / name / "text.txt").read_text(encoding="utf-8") == TEXT


def test_stopped_in_the_middle_the_weights_are_kept_and_offered(page: Page, folder: Path):
    train(page, TEXT, steps=10_000)
    expect(said(page)).to_contain_text(re.compile(r"Step [1-9]\d* of 10,000 · loss \d.* left"), timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(said(page)).to_contain_text(re.compile(r"Stopped at step \d+ of 10,000 and kept"), timeout=60_000)
    name = re.search(r"--out runs/(page-\d+)", said(page).text_content())[1]
    assert (folder / "runs" / name / "training_state.safetensors").exists()
    expect(menu(page)).to_have_value(re.compile(f"{name} "))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_while_one_trains_texts_are_written_and_a_second_training_is_refused(
    fresh_page: Page, browser: Browser, address: str, folder: Path
):
    page = fresh_page
    with visited(browser, address) as other:
        train(page, TEXT, steps=10_000)
        expect(said(page)).to_contain_text("Step 1", timeout=60_000)
        write(other, "ROMEO:\n", seed=7)
        assert len(finished(other)) == 60
        train(other, TEXT)
        expect(said(other)).to_contain_text("another training is under way")
        assert len(other.get_by_label("A text to learn from").input_value()) == len(TEXT)
        page.goto("about:blank")  # whoever began it leaves, and so it ends, saved
        ended = max((folder / "runs").iterdir(), key=lambda run: int(run.name.removeprefix("page-")))
        expect(trained_once_free(other)).to_contain_text("Trained in", timeout=60_000)
        assert 0 < read_facts(ended)["steps"] < 10_000


def trained_once_free(page: Page) -> Locator:
    """Press Train whenever it was refused, as long as another run is still being saved."""
    page.evaluate("""() => {
        const press = () => {
            if (document.querySelector("#progress .note")) document.getElementById("train").click();
            if (!document.querySelector("#progress").textContent.includes("Trained")) setTimeout(press, 200);
        };
        press();
    }""")
    return said(page)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("To be, or not to be.", "too short for quick"), ("", "there is no text yet"), ("aaaa" * 500, "repeats one")],
    ids=["short", "none", "one character"],
)
def test_a_text_that_cannot_be_trained_on_is_refused_in_place_and_stays(page: Page, text: str, complaint: str):
    train(page, text)
    expect(said(page)).to_contain_text(complaint, timeout=30_000)
    expect(page.get_by_label("A text to learn from")).to_have_value(text)
    expect_accessible(page)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_each_visitor_has_a_choice_of_their_own_and_a_fresh_one_the_main_weights(
    trained: str, page: Page, browser: Browser, address: str, main_weights: Path
):
    own = page.locator(".masthead").text_content()
    with visited(browser, address) as other:
        choose(other, trained)
        expect(other.locator(".masthead")).not_to_have_text(own)
        expect(menu(page)).to_have_value(re.compile("the page’s weights"))
        write(page, "ROMEO:\n", seed=7)
        assert finished(page).isascii()
        assert share_link(page)["weights_sha256"] == read_facts(main_weights)["weights_sha256"]
        write(other, "#1", seed=7)
        finished(other)
        assert share_link(other)["weights_sha256"] != share_link(page)["weights_sha256"]


def test_a_text_stays_with_its_weights_when_others_are_chosen(trained: str, page: Page, main_weights: Path):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    choose(page, trained)
    assert continuation(page).text_content() == text
    continuation(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    look = page.get_by_role("region", name="Candidates")
    known = read_facts(main_weights)["vocabulary"]
    expect(look.locator("button[data-character]")).to_have_count(len(known))
    look.locator("button[data-character]:enabled").first.click()
    expect(look).to_have_count(0)
    assert len(finished(page)) == 60
    assert share_link(page)["weights_sha256"] == read_facts(main_weights)["weights_sha256"]
    assert set(continuation(page).text_content()) <= set(known)


def test_the_link_of_a_text_chooses_its_weights_where_they_are_there(trained: str, page: Page, address: str):
    choose(page, trained)
    advanced(page)
    page.get_by_role("spinbutton", name=re.compile("Top-k")).fill("3")
    write(page, "#1", seed=7)
    text = finished(page)
    link = f"{address}/?recipe={quote(json.dumps(share_link(page)))}"
    with opened(page.context, link) as other:
        assert finished(other) == text
        expect(menu(other)).to_have_value(re.compile(trained))
        expect(status(other)).not_to_contain_text("other weights")
        advanced(other)
        expect(other.get_by_role("spinbutton", name=re.compile("Top-k"))).to_have_value("3")
        expect(other.get_by_role("slider", name=re.compile("Top-k"))).to_have_attribute("max", str(len(set(TEXT))))


def test_several_temperatures_are_those_of_the_chosen_weights(trained: str, page: Page):
    choose(page, trained)
    page.get_by_role("tab", name="Temperature").click()
    page.get_by_label("One prompt").fill("#1 [Ü]")
    page.get_by_role("button", name="Write side by side").click()
    texts = page.locator("#temperatures .output-text")
    expect(texts).to_have_count(4)
    for number in range(4):
        expect(texts.nth(number)).to_have_text(re.compile(r"^[\s\S]{400}$"))
    assert set("".join(texts.all_text_contents())) <= set(TEXT)


def test_a_text_under_way_ends_on_the_weights_that_began_it(trained: str, page: Page, main_weights: Path):
    write(page, "ROMEO:\n", length=5000, seed=7)
    begun(page)
    choose(page, trained)
    switched = len(continuation(page).text_content())
    expect(page.locator(".masthead")).to_contain_text("0.1 million")
    expect(continuation(page)).to_have_text(re.compile(rf"^[\s\S]{{{switched + 200},}}$"), timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).filter(visible=True).click()
    expect(status(page)).to_contain_text("stopped")
    facts = read_facts(main_weights)
    assert share_link(page)["weights_sha256"] == facts["weights_sha256"]
    assert set(continuation(page).text_content()) <= set(facts["vocabulary"])
