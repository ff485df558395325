"""Which window of a text is inspected, and how the next character was chosen."""

from dataclasses import replace

import pytest

from tinygpt.inference.generation import characters
from tinygpt.model.sampling import uniform
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.inspection import inspect, moved, read_inspected, why_not_sampled
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

REQUEST = GenerationRequest(prompt="The", length=30, seed=3)


@pytest.fixture
def session(weights) -> Session:
    return Session(weights)


@pytest.fixture
def displayed(session) -> DisplayedText:
    """A text of several windows of 8."""
    written = characters(session.engine(), session.tokenizer, "The", REQUEST.sample_config())
    link = ShareLink(REQUEST, session.facts["weights_sha256"])
    return DisplayedText(link, "The", "".join(each.text for each in written))


def test_each_character_of_a_text_has_a_probability_above_0_in_the_window_that_is_shown(session, displayed):
    for position in range(30):
        inspection = inspect(session, replace(displayed, position=position))
        assert inspection.next_character == displayed.text[position]
        reading = read_inspected(session, inspection)
        assert reading.uniform == uniform(3, position)
        assert not why_not_sampled(session, inspection)
        assert reading.candidates.kept_V[session.tokenizer.encode(inspection.next_character)[0]] > 0


def test_a_window_stays_the_same_when_another_of_its_characters_is_chosen(session, displayed):
    inspection = inspect(session, replace(displayed, position=29))
    for index in (0, len(inspection.window) - 1, 1):
        other = moved(session, inspection, index=index, layer=1, head=1)
        assert (other.window, other.first, other.index) == (inspection.window, inspection.first, index)
        inspection = other
    assert moved(session, inspection, index=None, layer=0, head=None) == replace(inspection, layer=0)


def test_it_is_known_why_a_character_was_not_sampled_from_this_window(session, displayed):
    last = inspect(session, replace(displayed, position=29))
    assert why_not_sampled(session, moved(session, last, index=0)) == "sampled in the previous window"
    first = inspect(session, replace(displayed, position=0))
    assert why_not_sampled(session, moved(session, first, index=0)) == "as the prompt says"
    for changes, reason in (
        ({"forced": {5: displayed.text[5]}}, "chosen by hand"),
        ({"request": replace(REQUEST, strategy="greedy")}, "being the likeliest"),
        ({"request": replace(REQUEST, strategy="beam")}, "found by beam search"),
    ):
        inspection = inspect(session, replace(displayed, link=replace(displayed.link, **changes), position=5))
        assert why_not_sampled(session, inspection) == reason


@pytest.mark.parametrize(
    "wrong", [{"index": -1}, {"index": 8}, {"layer": 2}, {"head": 2}, {"index": "0"}, {"layer": True}]
)
def test_a_character_or_head_that_does_not_exist_is_refused(session, displayed, wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^The {name} must be a whole number .*: choose another character or head$"):
        moved(session, inspect(session, displayed), **wrong)
