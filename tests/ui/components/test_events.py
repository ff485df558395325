"""Answers to calls: each with its number, and none after a later call."""

import json

import gradio as gr
import pytest

from tinygpt.ui.components.events import answer, answers, packed
from tinygpt.ui.services.latest_call import LatestCall


def event(data: object) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.fixture
def pane() -> gr.HTML:
    return gr.HTML()


def test_answers_carry_the_number_of_their_call(pane):
    latest, other = LatestCall(), gr.Textbox()
    given = answers(event({"call": 5}), latest, pane, lambda _: iter([{other: "a"}, {pane: {"text": "b"}}]))
    assert list(given) == [{other: "a"}, {pane: {"call": 5, "text": "b"}}]
    assert json.loads(answer(event({"call": 6}), latest, lambda: {"index": 0})) == {"call": 6, "index": 0}


def test_after_a_later_call_nothing_of_the_one_before_is_told(pane):
    latest = LatestCall()
    first = answers(event({"call": 1}), latest, pane, lambda _: iter([{pane: {"text": text}} for text in "abc"]))
    assert next(first) == {pane: {"call": 1, "text": "a"}}
    signal = latest.begin(2)
    assert list(first) == [{pane: gr.skip()}]  # gradio repeats the last update
    assert latest.is_latest(signal)

    def overtaken() -> dict:
        latest.begin(4)
        return {"index": 0}

    assert answer(event({"call": 3}), latest, overtaken) == gr.skip()


def test_a_refusal_is_an_answer_but_not_after_a_later_call(pane):
    def refuse(_: object = None) -> None:
        raise ValueError("seed must be a number")

    told = {"call": 1, "status": [("note", "Seed must be a number.")]}
    assert list(answers(event({"call": 1}), LatestCall(), pane, refuse)) == [{pane: told}]
    assert answer(event({"call": 1}), LatestCall(), refuse) == packed(told)


@pytest.mark.parametrize("data", [None, "call", {}, {"call": None}, {"call": "1"}, {"call": {}}], ids=repr)
def test_a_forged_call_changes_nothing(pane, data):
    assert list(answers(event(data), LatestCall(), pane, lambda _: 1 / 0)) == [{pane: gr.skip()}]
    assert answer(event(data), LatestCall(), lambda: 1 / 0) == gr.skip()


def test_an_event_always_tells_something_or_gradio_would_empty_its_outputs(pane):
    assert list(answers(event({"call": 1}), LatestCall(), pane, lambda _: iter(()))) == [{pane: gr.skip()}]
