"""Answers to wishes: each with its number, and none after a later wish."""

import gradio as gr
import pytest

from tinygpt.ui.components.events import answer, answers
from tinygpt.ui.services.wishes import Wishes


def event(data: object) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.fixture
def pane() -> gr.HTML:
    return gr.HTML()


def test_answers_carry_the_number_of_their_wish(pane):
    wishes, other = Wishes(), gr.Textbox()
    given = answers(event({"wish": 5}), wishes, pane, lambda _: iter([{other: "a"}, {pane: {"text": "b"}}]))
    assert list(given) == [{other: "a"}, {pane: {"wish": 5, "text": "b"}}]
    assert answer(event({"wish": 6}), wishes, lambda: {"index": 0}) == {"wish": 6, "index": 0}


def test_after_a_later_wish_nothing_of_the_one_before_is_told(pane):
    wishes = Wishes()
    first = answers(event({"wish": 1}), wishes, pane, lambda _: iter([{pane: {"text": text}} for text in "abc"]))
    assert next(first) == {pane: {"wish": 1, "text": "a"}}
    signal = wishes.begin(2)
    assert list(first) == [{pane: gr.skip()}]  # gradio repeats the last update
    assert wishes.is_latest(signal)

    def overtaken() -> dict:
        wishes.begin(4)
        return {"index": 0}

    assert answer(event({"wish": 3}), wishes, overtaken) == gr.skip()


def test_a_refusal_is_an_answer_but_not_after_a_later_wish(pane):
    def refuse(_: object = None) -> None:
        raise ValueError("seed must be a number")

    told = {"wish": 1, "status": [("note", "seed must be a number.")]}
    assert list(answers(event({"wish": 1}), Wishes(), pane, refuse)) == [{pane: told}]
    assert answer(event({"wish": 1}), Wishes(), refuse) == told


@pytest.mark.parametrize("data", [None, "wish", {}, {"wish": None}, {"wish": "1"}, {"wish": {}}], ids=repr)
def test_a_forged_wish_changes_nothing(pane, data):
    assert list(answers(event(data), Wishes(), pane, lambda _: 1 / 0)) == [{pane: gr.skip()}]
    assert answer(event(data), Wishes(), lambda: 1 / 0) == gr.skip()


def test_an_event_always_tells_something_or_gradio_would_empty_its_outputs(pane):
    assert list(answers(event({"wish": 1}), Wishes(), pane, lambda _: iter(()))) == [{pane: gr.skip()}]
