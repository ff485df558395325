"""The tab that shows how the weights learned, in a real browser."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.learned import open_tab, point, texts, write_all
from tests.server import ROOT
from tinygpt import (
    SampleConfig,
    open_checkpoint,
    stream,
)
from tinygpt.checkpoint.reading import HISTORY

FOLDERS = sorted((ROOT / "weights" / HISTORY).iterdir())
STEPS = [19, 156, 1250, 10_000]


@pytest.fixture
def page(open_page: Page) -> Page:
    """The page that the tests share: each of them sets prompt and seed."""
    return open_page


def wanted(folder: Path, prompt: str = "JULIET:\nO,", seed: int = 7) -> str:
    """What the library writes with a snapshot."""
    return "".join(stream(*open_checkpoint(folder), prompt, SampleConfig(max_new_tokens=300, seed=seed)))


def expect_texts(page: Page, *expected: str) -> None:
    for number, text in enumerate(expected):
        expect(texts(page).nth(number)).to_have_js_property("textContent", text, timeout=60_000)


def test_the_tab_shows_the_curves_with_a_point_for_each_snapshot_and_the_measured_loss(page: Page):
    open_tab(page)
    expect(page.locator("#points svg polyline")).to_have_count(2)
    for step in STEPS:
        expect(point(page, step)).to_be_visible()
    expect(page.locator(".facts")).to_contain_text(re.compile(r"\d\.\d{4} nats"))


def test_one_prompt_and_one_seed_are_continued_by_every_snapshot_side_by_side(page: Page):
    open_tab(page)
    write_all(page)
    expect_texts(page, *map(wanted, FOLDERS))
    headings = page.locator("#learned h2").all_text_contents()
    assert [re.match(r"step ([\d,]+) · \d\.\d\d nats$", each)[1] for each in headings] == [f"{n:,}" for n in STEPS]
    boxes = [texts(page).nth(number).bounding_box() for number in range(4)]
    assert [box["x"] for box in boxes] == sorted({box["x"] for box in boxes})
    assert len({box["y"] for box in boxes}) == 1


def test_a_press_on_a_point_writes_with_that_snapshot_alone_and_marks_both(page: Page):
    open_tab(page)
    write_all(page)
    before = [wanted(folder) for folder in FOLDERS]
    expect_texts(page, *before)
    page.get_by_label("Seed for all").fill("8")
    point(page, 156).click()
    after = [before[0], wanted(FOLDERS[1], seed=8), *before[2:]]
    expect_texts(page, *after)
    current = page.locator("#points [aria-current]")
    expect(current).to_have_attribute("data-x", "156")
    expect(page.locator("#learned [aria-current] h2")).to_contain_text("step 156")
    point(page, 1250).focus()
    page.keyboard.press("Enter")
    expect_texts(page, *after[:2], wanted(FOLDERS[2], seed=8), after[3])
    expect(current).to_have_attribute("data-x", "1250")
    expect(point(page, 1250)).to_be_focused()
    write_all(page)
    expect_texts(page, wanted(FOLDERS[0], seed=8))
    expect(current).to_have_count(0)


def test_of_points_pressed_in_haste_the_last_one_is_written_whole(page: Page):
    open_tab(page, seed=9)
    for step in STEPS:
        point(page, step).click()
    expect(page.locator("#points [aria-current]")).to_have_attribute("data-x", "10000")
    expect(texts(page).nth(3)).to_have_js_property("textContent", wanted(FOLDERS[3], seed=9))


def test_html_in_a_prompt_and_a_wrong_seed_are_told_in_the_line_below_the_controls(page: Page):
    open_tab(page, "<img src=x onerror=alert(1)>☃")
    write_all(page)
    expect(page.locator("#learned-status")).to_contain_text("Removed")
    expect(page.locator("#learned img, #learned-status img")).to_have_count(0)
    page.get_by_label("Seed for all").fill("seven")
    write_all(page)
    expect(page.locator("#learned-status")).to_contain_text("seed must be a whole number")


def test_a_forged_point_does_nothing_and_the_tab_goes_on(page: Page):
    open_tab(page, seed=10)
    before = texts(page).all_text_contents()
    for forged in ("999", "nonsense", "", "19"):  # the last is what it was
        point(page, 19).evaluate("(point, forged) => (point.dataset.x = forged)", forged)
        if forged != "19":
            point(page, 19).click()
    point(page, 156).click()
    expect_texts(page, before[0], wanted(FOLDERS[1], seed=10), *before[2:])
    expect(page.get_by_text("Error", exact=True)).to_have_count(0)


@pytest.mark.parametrize(
    "said",
    [None, "step", {}, {"step": 19}, *({"wish": 1, "step": step} for step in (None, 20, {"step": 19}, 1e308, "19"))],
    ids=repr,
)
def test_a_forged_press_is_no_error_to_the_server(address: str, said: object):
    with urllib.request.urlopen(f"{address}/config") as answer:
        config = json.load(answer)
    texts = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "learned")
    function = next(each["id"] for each in config["dependencies"] if [texts, "submit"] in each["targets"])
    visitor = f"forger{said}"
    press = {"data": ["main", "O", "7", None], "fn_index": function, "session_hash": visitor, "event_data": said}
    join = urllib.request.Request(
        f"{address}/gradio_api/queue/join", json.dumps(press).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(join, timeout=30).close()
    told = urllib.request.urlopen(
        f"{address}/gradio_api/queue/data?session_hash={urllib.request.quote(visitor)}", timeout=30
    )
    with told:
        end = json.loads(next(line for line in told if b"process_completed" in line).removeprefix(b"data: "))
    assert end["success"]
    assert "Traceback" not in json.dumps(end)


def test_nothing_moves_while_the_texts_come_in(fresh_page: Page):
    open_tab(fresh_page)
    parts = ("#points", "#learned", ".facts")
    before = [fresh_page.locator(part).bounding_box() for part in parts]
    write_all(fresh_page)
    expect_texts(fresh_page, *map(wanted, FOLDERS))
    assert [fresh_page.locator(part).bounding_box() for part in parts] == before
