"""Words that are explained where they stand: by mouse, key and touch; one in a label leaves its control alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import advanced, continuation, finished, go_to, write
from tests.browser.inside import go_to_station
from tests.browser.views import look

LISTED = "parameters context loss nats overfitting query key value head mask cache residual logits softmax temperature"
LISTED = [*LISTED.split(), "top-k", "top-p", "sampling", "seed", "greedy", "beam"]
GREEDY = "Always taking the likeliest letter (greedy) leads back to the same words."


@pytest.fixture
def page(same_page: Page) -> Page:
    same_page.keyboard.press("Escape")  # whatever is open from a test before
    return same_page


def word(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def definition(page: Page) -> Locator:
    return page.locator(".definition")


def test_a_click_on_a_word_in_a_label_explains_it_and_leaves_the_control_alone(page: Page):
    advanced(page)
    slider = page.get_by_role("spinbutton", name=re.compile("Temperature"))
    explained = {"Temperature": "logits are divided", "Seed": "random choices", "greedy": "likeliest letter"}
    for name, says in explained.items():
        word(page, name).first.click()
        expect(definition(page)).to_have_count(1)
        expect(definition(page)).to_contain_text(says)
        expect(definition(page)).to_be_in_viewport(ratio=1)
        expect(word(page, name).first).to_be_focused()
    expect(slider).to_have_value("0.8")
    expect(page.locator("#seed textarea")).to_have_accessible_name(re.compile("^Seed"))
    expect(page.get_by_role("radio", name="Sampling")).to_be_checked()
    word(page, "greedy").click()
    expect(definition(page)).to_be_hidden()
    word(page, "Seed").first.click()
    expect(definition(page)).to_be_visible()
    page.get_by_role("heading", name="tinygpt").click()
    expect(definition(page)).to_be_hidden()


def test_a_finger_opens_a_definition_below_the_text_of_a_phone(page: Page):
    look(page, width=360)
    word(page, "Temperature").first.scroll_into_view_if_needed()  # as soon as nothing moves any more
    box = word(page, "Temperature").first.bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(definition(page)).to_be_in_viewport(ratio=1)
    sheet = definition(page).bounding_box()
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 360, 780)
    expect(page.get_by_role("spinbutton", name=re.compile("Temperature"))).to_have_value("0.8")
    page.keyboard.press("Escape")
    expect(definition(page)).to_be_hidden()


def test_keys_open_a_definition_over_the_candidates_which_stay(page: Page):
    write(page, "ROMEO:\n", seed=7)
    finished(page)
    continuation(page).focus()
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
    candidates = page.get_by_role("dialog", name="Candidates")
    expect(candidates.get_by_text("The other 55")).to_be_visible()  # they are there
    candidates.get_by_role("button", name="top-k").press("Enter")
    expect(definition(page).get_by_text("Only the k likeliest letters")).to_be_visible()
    definition(page).click()
    page.keyboard.press("Escape")
    expect(definition(page)).to_be_hidden()
    expect(candidates).to_be_visible()
    page.keyboard.press("Escape")
    expect(candidates).to_be_hidden()


def test_words_are_explained_once_in_labels_that_are_built_later_in_each_lesson_and_in_facts(page: Page):
    go_to(page, "Compare")
    page.get_by_role("radio", name="two settings").check()
    expect(page.locator(".what .term")).to_have_text(["Seed"])
    expect(page.locator(".settings .term")).to_have_text(["Temperature", "Top-k", "Top-p"])
    page.get_by_role("radio", name="temperatures").check()
    go_to(page, "Look inside")
    go_to_station(page, "Attention")
    expect(page.locator("#lesson-attention .words > p .term")).to_have_text(["query", "key", "value", "head"])
    go_to(page, "How it learned")
    facts = page.get_by_role("table")
    expect(facts.locator(".term")).to_have_text(["parameters", "attention heads", "nats"])
    facts.get_by_role("button", name="attention heads").hover()
    expect(definition(page)).to_contain_text("has a map of its own")
    page.mouse.move(0, 0)
    expect(definition(page)).to_be_hidden()


def test_a_list_explains_all_words_and_leads_to_where_they_are_at_work_in_the_text_in_view(page: Page):
    write(page, "ROMEO:\n", seed=7)
    text = finished(page)
    page.get_by_text("Words explained").click()
    expect(page.locator("footer dt")).to_have_text([re.compile(f"^{name}$", re.I) for name in LISTED])
    expect(word(page, "Temperature").first).to_have_accessible_description(re.compile("^All logits are divided by it"))
    page.get_by_role("link", name="Look inside: softmax").click()
    expect(page.get_by_role("tab", name="Look inside")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("#prompt=ROMEO.*&tab=inside&station=probabilities"))
    page.go_back()
    expect(page.get_by_role("tab", name="Write")).to_have_attribute("aria-selected", "true")
    expect(continuation(page)).to_have_text(text)
    page.get_by_text("Words explained").click()


def test_a_text_that_repeats_itself_says_why_if_it_was_not_sampled(page: Page):
    why = page.get_by_text(GREEDY)
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0")
    write(page, "ROMEO:\n", length=200)
    finished(page, 200)
    expect(why).to_be_in_viewport(ratio=1)
    write(page, "ROMEO:\n", length=30)  # too short to come back to anything
    finished(page, 30)
    expect(why).to_be_hidden()
    page.get_by_role("radio", name="Beam search").check()
    write(page, "ROMEO:\n", length=200)
    finished(page, 200)
    expect(page.get_by_text("The likeliest text as a whole (beam search) says the same things again.")).to_be_visible()
    page.get_by_role("radio", name="Sampling").check()
    page.get_by_role("spinbutton", name=re.compile("Temperature")).fill("0.8")
    write(page, "ROMEO:\n", length=200)
    finished(page, 200)
    expect(page.locator(".hint").get_by_role("button")).to_have_count(0)
