"""Training on the page, and writing with what was trained, in a real browser."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.acts import expect_accessible, finished, go_to, reload, write
from tests.browser.training import menu, said, steps_done, steps_field, stop, train
from tests.browser.visitor import opened, visited
from tests.network import network_to
from tests.server import ROOT
from tests.ui.launched import launched
from tinygpt import SampleConfig, load_checkpoint, stream
from tinygpt.checkpoint.reading import read_facts
from tinygpt.ui.blocks import build
from tinygpt.ui.services import training_jobs as module
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs

# Signs that the shipped weights do not know, so that no text of one can be taken for one of the other.
TEXT = "#1 [Ü] = 23 + 4 * (5 % 6);\n#2 [Ö] = 7 / 8 + 90 * 1;\n" * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(Session(ROOT / "weights"))


@pytest.fixture(scope="module")
def training_jobs(registry: Registry, folder: Path) -> TrainingJobs:
    return TrainingJobs(registry, folder / "runs")


@pytest.fixture(autouse=True)
def _end_of_training(training_jobs: TrainingJobs) -> Iterator[None]:
    """No test leaves a training to the next one."""
    yield
    training_jobs.finish()


@pytest.fixture(scope="module")
def address(registry: Registry, training_jobs: TrainingJobs, folder: Path) -> Iterator[str]:
    """Where the app answers; what is trained there is kept in a folder of its own."""
    (folder / "uploads").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        options = {"uploads": folder / "uploads", "max_uploads": 10**8}
        with launched(build(registry, training_jobs), **options) as client:
            yield str(client.base_url).rstrip("/")


@pytest.fixture
def page(own_page: Page) -> Page:
    """The page that the tests share."""
    own_page.set_viewport_size({"width": 1280, "height": 800})
    return own_page


def test_a_text_is_pasted_and_in_the_end_its_weights_write(page: Page, folder: Path):
    train(page, TEXT, steps=20)
    sample = page.locator("#training .sample")
    expect(sample).to_contain_text(re.compile(r"after step \d+"), timeout=60_000)
    parts = [sample, menu(page), page.get_by_role("tab", name="Write"), page.locator("#own-weights h2")]
    places = [part.bounding_box() for part in parts]
    expect(page.locator("#training polyline")).to_have_count(2)
    expect(said(page)).to_contain_text(re.compile(r"Done in .* now selected in the menu"), timeout=60_000)
    name = re.search(r"as (page-\d+)", said(page).text_content())[1]
    expect(menu(page)).to_have_value(name)
    assert [part.bounding_box()["y"] for part in parts] == [place["y"] for place in places]  # nothing moves
    expect(page.locator(".masthead")).not_to_contain_text("Shakespeare")
    expect_accessible(page)
    page.get_by_role("button", name="Write with these weights").click()
    prompt = page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_have_value("#1 [Ü] = 23 + 4 * (5 % 6);")
    expect(prompt).to_be_in_viewport()
    expect(page.locator(".examples button:visible")).to_have_count(2)
    write(page, "#1 [Ü]", seed=7)
    text = finished(page)
    model, tokenizer = load_checkpoint(folder / "runs" / name)
    assert text == "".join(stream(model, tokenizer, "#1 [Ü]", SampleConfig(max_new_tokens=60, seed=7)))


@pytest.fixture
def trained_page(page: Page, registry: Registry) -> Page:
    """The page after weights were trained on it by 20 steps, page-1, unless the test before has done so."""
    if not registry.get("page-1"):
        train(page, TEXT, steps=20)
        expect(said(page)).to_contain_text("as page-1", timeout=60_000)
    return page


def test_what_was_trained_is_renamed_trained_further_and_deleted_once_that_is_confirmed(
    trained_page: Page, folder: Path
):
    page = trained_page
    go_to(page, "Train")
    page.get_by_role("button", name="Rename: page-1").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("My <b>numbers</b>")
    page.keyboard.press("Enter")
    told = page.locator("#own-weights [role=status]")
    expect(told).to_have_text("“page-1” is now called “My <b>numbers</b>”.")
    expect(told).to_be_focused()
    expect(menu(page).locator("option:checked")).to_contain_text("My <b>numbers</b>")
    page.get_by_role("button", name="Rename: My <b>numbers</b>").click()
    page.keyboard.press("Enter")  # as before
    expect(told).to_have_text("“My <b>numbers</b>” keeps its name.")
    expect(page.get_by_role("textbox", name="Name")).to_have_count(0)
    page.get_by_role("button", name="Rename: My <b>numbers</b>").click()
    page.get_by_role("textbox", name="Name").fill("SHAKESPEARE (built in)")
    page.keyboard.press("Enter")
    expect(told).to_contain_text("Other weights are called “SHAKESPEARE (built in)” already: choose another name.")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("SHAKESPEARE (built in)")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Rename: My")).to_be_focused()
    masthead = page.locator(".masthead small")
    before = masthead.text_content()
    page.get_by_role("button", name="Train longer: My").click()
    expect(page.get_by_label("more steps").last).to_have_value("20")
    expect(page.locator("#own-weights form")).to_contain_text("can no longer be written again")
    page.get_by_label("more steps").last.fill("10")
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text(re.compile(r"Done in .* as My <b>numbers</b>"), timeout=60_000)
    expect(said(page)).to_be_in_viewport(ratio=1)
    expect(page.locator("#own-weights li")).to_contain_text("30 steps")
    expect(masthead).not_to_have_text(before)  # the weights of the menu are others by now
    go_to(page, "How it learned")
    expect(page.locator("#learned h2")).to_have_text([f"Step {step}" for step in (1, 2, 20, 30)])
    go_to(page, "Train")
    for answer in ("Keep", "Delete"):
        page.get_by_role("button", name="Delete: My").click()
        question = page.get_by_role("group", name="Delete My <b>numbers</b>?")
        expect(question).to_contain_text("its snapshots and its text")
        expect(question).to_contain_text("can no longer be written again")
        expect(question.get_by_role("button", name="Keep")).to_be_focused()
        expect_accessible(page)
        question.get_by_role("button", name=answer, exact=True).click()
    expect(told).to_have_text("“My <b>numbers</b>” is deleted.")
    expect(page.locator("#own-weights li")).to_have_count(0)
    expect(said(page)).to_have_text("Your last run has been deleted.")
    expect(page.get_by_role("button", name="Write with these weights")).to_be_hidden()
    expect(menu(page)).to_have_value(MAIN)
    expect(page.locator(".masthead")).to_contain_text("Shakespeare")
    assert not (folder / "runs" / "page-1").exists()
    page.set_viewport_size({"width": 360, "height": 780})
    expect_accessible(page)


def test_a_file_is_trained_on_too_by_the_steps_of_the_preset_that_is_chosen(page: Page, folder: Path, tmp_path: Path):
    (tmp_path / "mine.txt").write_text(TEXT, encoding="utf-8")
    go_to(page, "Train")
    page.get_by_label("Text to learn from").fill("")
    page.locator("#training-file input[type=file]").set_input_files(tmp_path / "mine.txt")
    expect(page.locator("#training-file")).to_contain_text("mine")
    page.get_by_role("radio", name=re.compile("Tiny GPT")).check()
    expect(steps_field(page)).to_have_value("5000")
    steps_field(page).fill("2")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(said(page)).to_contain_text("Done", timeout=60_000)
    run = folder / "runs" / re.search(r"as (page-\d+)", said(page).text_content())[1]
    assert read_facts(run)["preset"] == "tiny-gpt"
    assert (run / "text.txt").read_text(encoding="utf-8") == TEXT
    page.get_by_role("radio", name=re.compile("^Quick")).check()
    page.locator("#training-file").get_by_role("button", name="Clear").click()
    expect(page.locator("#training-file")).not_to_contain_text("mine")


@pytest.mark.parametrize("size", [(1280, 800), (360, 780)], ids=["desk", "phone"])
def test_pressing_train_brings_progress_and_errors_into_view_and_loses_nothing(page: Page, size: tuple[int, int]):
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    for text, problem in (("aaaa" * 500, "The text repeats one character"), ("To be", "Add more text"), ("", "Paste")):
        train(page, text)
        error = page.locator("#training .head").get_by_role("alert")
        expect(error).to_contain_text(re.compile(problem, re.IGNORECASE), timeout=60_000)
        expect(error).to_be_in_viewport(ratio=1)
        assert error.text_content()[0].isupper()
        expect(page.get_by_label("Text to learn from")).to_have_value(text)
        page.evaluate("scrollTo(0, 10_000)")
    train(page, TEXT)
    expect(steps_done(page)).to_be_in_viewport(ratio=1, timeout=60_000)
    for part in (said(page), page.get_by_role("progressbar", name="Steps done")):
        expect(part).to_be_in_viewport(ratio=1)
    expect(page.locator("#training .head").get_by_role("alert")).to_be_empty()
    expect_accessible(page)
    stop(page)


def test_while_one_trains_others_write_and_wait_for_their_turn(page: Page, browser: Browser, address: str):
    train(page, TEXT)
    with visited(browser, address) as other:
        expect(steps_done(page)).to_be_visible(timeout=60_000)
        write(other, "ROMEO:\n", seed=7)
        assert len(finished(other)) == 60
        train(other, TEXT)
        problem = "Another training run is in progress: wait until it finishes, then press Train again."
        expect(other.locator("#training .head").get_by_role("alert")).to_have_text(re.compile(problem, re.IGNORECASE))
        expect(other.get_by_role("heading", name="What happens")).to_be_visible()  # nothing of the other training
        assert len(other.get_by_label("Text to learn from").input_value()) == len(TEXT)


def test_a_page_that_is_reloaded_shows_its_training_again_which_can_be_stopped(context: BrowserContext, address: str):
    with opened(context, address) as page:
        train(page, TEXT)
        expect(steps_done(page)).to_be_visible(timeout=60_000)
        reload(page)
        expect(steps_done(page)).to_be_in_viewport(timeout=60_000)
        expect(page.locator("#training .sample")).to_contain_text("What it writes")
        stop(page)
        name = re.search(r"as (page-\d+)", page.locator("#training .head").text_content())[1]
        expect(menu(page)).to_have_value(name)
        reload(page)
        go_to(page, "Train")
        expect(said(page)).to_contain_text("Stopped at step")  # what became of it
        page.get_by_role("button", name="Write with these weights").click()
        expect(menu(page)).to_have_value(name)


def test_a_training_whose_page_stays_closed_is_saved_and_its_visitor_is_told(
    context: BrowserContext, address: str, registry: Registry, monkeypatch
):
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="Write").wait_for()
    train(page, TEXT)
    expect(steps_done(page)).to_be_visible(timeout=60_000)
    known, deadline = len(registry), time.monotonic() + 60
    page.close()
    monkeypatch.setattr(module, "MAX_ABSENCE", 0.5)
    while len(registry) == known and time.monotonic() < deadline:
        time.sleep(0.05)
    with opened(context, address) as page:
        go_to(page, "Train")
        expect(said(page)).to_contain_text("since you had left the page")


def test_a_training_that_the_page_knows_no_more_is_told_of_once(context: BrowserContext, address: str):
    with opened(context, address) as page:
        page.evaluate("localStorage.setItem('tinygpt.training', JSON.stringify({ job: 'of a page before' }))")
        reload(page)
        alert = page.locator("#training .head").get_by_role("alert")
        expect(alert).to_contain_text("Your last training run is no longer listed")
        expect(alert).to_be_in_viewport(ratio=1)  # although the page was not opened at this tab
        reload(page)
        go_to(page, "Train")
        expect(alert).to_be_empty()


def test_after_the_network_was_gone_the_page_follows_its_training_again(context: BrowserContext, address: str):
    with network_to(address) as network, opened(context, network.url) as page:
        train(page, TEXT)
        expect(steps_done(page)).to_be_visible(timeout=60_000)
        network.cut()
        expect(page.get_by_text("Connection to the server was lost").first).to_be_visible()
        before = steps_done(page).text_content()
        network.restore()
        expect(steps_done(page)).not_to_have_text(before)
        network.cut()  # until the page notices, and waits for the server
        expect(page.locator("#training .head").get_by_role("alert")).to_contain_text("Connection lost.")
        network.restore()
        expect(steps_done(page)).to_be_in_viewport(timeout=60_000)
        stop(page)
