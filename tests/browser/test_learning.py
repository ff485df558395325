"""The tab that shows how the weights learned, in a real browser."""

import json
import re
import urllib.request
from functools import cache

import pytest
from playwright.sync_api import Page, expect

from tests.browser.learned import expect_texts, fill, open_tab, point, texts, write_all
from tests.server import ROOT
from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import HISTORY

FOLDERS = sorted((ROOT / "weights" / HISTORY).iterdir())
STEPS = [19, 156, 1250, 10_000]


@pytest.fixture
def page(same_page: Page) -> Page:
    """The page that the tests share, on the tab."""
    open_tab(same_page)
    return same_page


@cache
def wanted(prompt: str = "JULIET:\nO,", seed: int = 7) -> list[str]:
    """What the library writes with each snapshot."""
    settings = SampleConfig(max_new_tokens=300, seed=seed)
    return ["".join(stream(*open_checkpoint(folder), prompt, settings)) for folder in FOLDERS]


def test_the_tab_opens_with_a_text_of_each_snapshot_in_view(fresh_page: Page):
    fresh_page.set_viewport_size({"width": 1280, "height": 800})
    fresh_page.get_by_role("textbox", name="Prompt").fill("JULIET:\nO,")
    open_tab(fresh_page)
    expect_texts(fresh_page, *wanted(seed=1564))
    for number in range(4):
        expect(texts(fresh_page).nth(number)).to_be_in_viewport(ratio=0.5)
    headings = fresh_page.locator("#learned h2").all_text_contents()
    assert headings == [f"Step {step:,}" for step in STEPS]
    boxes = [texts(fresh_page).nth(number).bounding_box() for number in range(4)]
    assert [box["x"] for box in boxes] == sorted({box["x"] for box in boxes})
    assert len({box["y"] for box in boxes}) == 1


def test_the_tab_shows_the_curves_with_a_point_for_each_snapshot_and_the_measured_loss(page: Page):
    expect(page.locator("#run svg polyline")).to_have_count(2)
    for step in STEPS:
        expect(point(page, step)).to_be_visible()
    expect(page.locator(".facts")).to_contain_text(re.compile(r"choosing among 3½ letters.*\d\.\d{4} nats"))


def test_what_was_written_stays_until_the_prompt_is_another_one(page: Page):
    write_all(page, seed=8)
    expect_texts(page, *wanted(seed=8))
    first = texts(page).first.element_handle()
    page.get_by_role("tab", name="Write", exact=True).click()
    open_tab(page)
    expect_texts(page, *wanted(seed=8))
    assert first.is_visible()
    page.get_by_role("tab", name="Write", exact=True).click()
    page.get_by_role("textbox", name="Prompt").fill("ROMEO:\n")
    open_tab(page)
    expect_texts(page, *wanted("ROMEO:\n", 8))


def test_nothing_moves_while_the_texts_come_in_and_the_last_press_counts(page: Page):
    write_all(page, seed=9)
    expect_texts(page, *wanted(seed=9))
    parts = [page.locator(part) for part in ("#learned", ".run", ".facts")]
    before = [part.bounding_box() for part in parts]
    write_all(page, seed=8)
    write_all(page)
    expect_texts(page, *wanted())
    assert [part.bounding_box() for part in parts] == before


@pytest.mark.parametrize("width", [1280, 360])
def test_a_point_brings_the_text_of_its_step_into_view_and_marks_both(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 780})
    point(page, 19).click()
    point(page, 10_000).click()
    column = page.locator("#learned [aria-current]")
    expect(column.locator("h2")).to_have_text("Step 10,000")
    expect(column.locator("h2")).to_be_in_viewport(ratio=1)
    current = page.locator("#run [aria-current]")
    expect(current).to_have_attribute("data-x", "10000")
    point(page, 1250).focus()
    page.keyboard.press("Enter")
    expect(column.locator("h2")).to_have_text("Step 1,250")
    expect(column.locator("h2")).to_be_in_viewport(ratio=1)
    expect(current).to_have_attribute("data-x", "1250")
    expect(point(page, 1250)).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_the_texts_are_in_view_when_they_are_written(page: Page):
    page.set_viewport_size({"width": 360, "height": 780})
    write_all(page)
    expect(texts(page).first).to_be_in_viewport(ratio=0.5)
    expect(page.get_by_role("status").locator("visible=true").first).to_be_in_viewport(ratio=1)


def test_html_in_a_prompt_and_a_wrong_seed_are_told_above_the_texts_which_stay(page: Page):
    write_all(page, "<img src=x onerror=alert(1)>☃")
    told = page.locator("#learned [role=status]")
    expect(told).to_contain_text("Removed")
    expect(page.locator("#learned img")).to_have_count(0)
    write_all(page)
    expect_texts(page, *wanted())
    fill(page, "Seed for all texts", "seven")
    page.get_by_role("button", name="Write side by side").click()
    expect(told).to_contain_text(re.compile("seed must be a whole number", re.IGNORECASE))
    expect(told).to_be_in_viewport(ratio=1)
    expect_texts(page, *wanted())


@pytest.mark.parametrize(
    "said", [None, "seed", {}, {"seed": "7"}, {"call": 1}, {"call": 1, "prompt": {"O": 1}, "seed": 1e308}], ids=repr
)
def test_a_forged_press_is_no_error_to_the_server(address: str, said: object):
    with urllib.request.urlopen(f"{address}/config") as answer:
        config = json.load(answer)
    texts = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "learned")
    function = next(each["id"] for each in config["dependencies"] if [texts, "submit"] in each["targets"])
    visitor = f"forger{said}"
    press = {"data": ["main", None], "fn_index": function, "session_hash": visitor, "event_data": said}
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
