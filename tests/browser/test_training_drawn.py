"""What is drawn of trainings, and what the page says where it offers none."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import expect_accessible, go_to
from tests.hostile import TEXTS, Structure, harmless
from tinygpt.ui.front_end import FrontEnd

TRAINING = {
    "job": "1",
    "steps": 400,
    "step": 40,
    "ended": False,
    "weights": "",
    "best": None,
    "more": 360,
    "sample": None,
}
TRAINING |= {
    "curves": [],
    "marks": [],
    "lowest": "",
    "status": [["status", "Training: about 3 minutes left"], ["status", "Step 40 of 400"]],
}
FAILED = {"status": [["note", "The loss became nan at step 41: choose another preset."]]}


@pytest.fixture
def draw(same_page: Page):
    """draw(*answers) shows trainings in a panel, one after the other, and returns the panel's HTML after each."""
    script = f"""async (answers) => {{
        const {{ TrainingPanel }} = await import("./{FrontEnd().url}/train.js");
        const element = document.createElement("div");
        const panel = new TrainingPanel(element, {{ steps: ["One."], notes: ["Two."] }}, {{}});
        return answers.map((answer) => {{
            panel.show(answer);
            const [head, body] = element.children;
            const visible = [...element.querySelectorAll(".head button, progress, .end button, .end input")].filter(
                (each) => !each.closest("[hidden]"),
            );
            return {{
                html: element.innerHTML,
                status: head.querySelector("[role=status]").textContent,
                alert: head.querySelector("[role=alert]").textContent,
                visible: visible.map((each) => each.textContent || each.value || each.outerHTML),
                body: body.textContent,
            }};
        }});
    }}"""

    def draw(*answers: dict) -> list[dict[str, Any]]:
        return same_page.evaluate(script, answers)

    return draw


@pytest.fixture
def draw_list(same_page: Page):
    """draw_list(title) shows weights with this title in the list, asks for all that can be done with them, as HTML."""
    script = f"""async (title) => {{
        const {{ OwnWeights }} = await import("./{FrontEnd().url}/own_weights.js");
        const element = document.createElement("div");
        const list = new OwnWeights(element, {{}});
        const weights = [{{ name: title, title, about: title, size: title, best: [title, 8], more: 4 }}];
        list.show({{ weights, rule: title, longest: 40, status: [["status", title], ["note", title]] }});
        const found = [element.innerHTML];
        for (const button of element.querySelectorAll("li button")) {{
            if (!button.textContent.startsWith("Write")) button.click();
            found.push(element.innerHTML);
        }}
        return found.join("");
    }}"""
    return lambda title: same_page.evaluate(script, title)


def test_a_training_can_be_stopped_until_it_has_ended_and_its_weights_write(draw):
    waiting, training, ended = draw(
        {"status": [["status", "Sending the text …"]]},
        TRAINING,
        TRAINING | {"ended": True, "weights": "page-1", "best": ["page-1/best", 20], "status": [["status", "Done."]]},
    )
    assert waiting["visible"] == ['<progress aria-label="Steps done" max="1"></progress>']
    assert "What happens" in waiting["body"]
    assert training["visible"] == ["Stop", 40]
    assert training["status"] == "Training: about 3 minutes left"
    assert ended["visible"] == ["Write with these weights", "Write with the weights of step 20", "Train longer", "360"]


def test_a_training_that_fails_says_why_and_its_sample_stays(draw):
    *_, failed = draw(TRAINING | {"sample": [40, "To be"]}, FAILED)
    assert (failed["status"], failed["visible"]) == ("", [])
    assert failed["alert"] == "The loss became nan at step 41: choose another preset."
    assert "after step 40To be" in failed["body"]


def test_what_people_call_weights_is_no_word_of_the_glossary(draw_list):
    assert "Head of Temperature" in draw_list("Head of Temperature")
    assert "term" not in draw_list("Head of Temperature")


@pytest.mark.parametrize("hostile", TEXTS)
def test_a_text_stays_a_text_wherever_a_training_shows_it(draw, draw_list, hostile: str):
    def drawn(text: str) -> Structure:
        lines = [["status", text], ["status", text], ["note", text]]
        curves = [{"name": text, "points": [[1, 2.0], [2, 1.0]]}]
        shown = {"sample": [40, text], "curves": curves, "lowest": text, "weights": text, "status": lines}
        marks = [{"x": 1, "y": 2.0, "label": text, "still": True}]
        shown |= {"marks": marks, "best": [text, 1]}
        return Structure(draw(TRAINING | shown)[0]["html"] + draw_list(text))

    assert [tag for tag, _ in drawn(hostile).tags] == [tag for tag, _ in drawn(harmless(hostile)).tags]


def test_a_page_without_training_has_the_commands_to_train_at_home_to_be_copied(same_page: Page):
    go_to(same_page, "Train")
    commands = same_page.locator("#how-to-train .command")
    expect(commands).to_have_count(2)
    for command, flag in zip(commands.all(), ("--train", "--data my.txt"), strict=True):
        expect(command).to_contain_text(flag)
        command.get_by_role("button", name="Copy").click()
        expect(command.get_by_role("button")).to_have_text("Copied")
        copied = same_page.evaluate("navigator.clipboard.readText()")
        assert copied == command.locator("code").text_content()
    expect_accessible(same_page)
