"""ui/inside.py: which window is looked into, and how the next character came about."""

import re
from dataclasses import replace

import pytest

from tinygpt import SampleConfig
from tinygpt.generation import characters
from tinygpt.inspection import expected
from tinygpt.sampling import uniform
from tinygpt.ui.inside import drawn, moved, sight_of
from tinygpt.ui.look import Shown
from tinygpt.ui.recipe import Recipe
from tinygpt.ui.session import Session

SETTINGS = SampleConfig(max_new_tokens=30, seed=3)


@pytest.fixture
def session(weights) -> Session:
    return Session(weights)


@pytest.fixture
def shown(session) -> Shown:
    """A text of several windows of 8."""
    written = characters(session.open(), session.tokenizer, "The", SETTINGS)
    recipe = Recipe("The", SETTINGS, session.facts["weights_sha256"])
    return Shown(recipe, "".join(each.text for each in written))


def end(html: str) -> str:
    """What the last station says."""
    return re.findall(r"<text[^>]*>([^<]*)", html)[-2]


def test_what_came_from_a_window_was_drawn_by_the_dice_from_what_is_shown(session, shown):
    for place in range(30):
        sight = sight_of(session, replace(shown, place=place))
        assert sight.came == shown.continuation[place]
        assert f"{uniform(3, place):.4f}" in end(drawn(session, sight))
        trace = session.trace(sight.text[: sight.index + 1])
        chances_V = expected(trace.logits_LV[-1], SETTINGS).kept_V
        assert chances_V[session.tokenizer.encode(sight.came)[0]] > 0


def test_a_window_stays_the_same_when_another_of_its_characters_is_chosen(session, shown):
    sight = sight_of(session, replace(shown, place=29))
    for index in (0, len(sight.text) - 1, 1):
        there = moved(session, sight, index, 1, 1)
        assert (there.text, there.first, there.index) == (sight.text, sight.first, index)
        sight = there


def test_what_no_dice_drew_from_here_is_told(session, shown):
    last = sight_of(session, replace(shown, place=29))
    assert "drawn in the window before" in end(drawn(session, moved(session, last, 0, 0, 0)))
    first = sight_of(session, replace(shown, place=0))
    assert "as the prompt has it" in end(drawn(session, moved(session, first, 0, 0, 0)))
    for changes, told in (
        ({"chosen": {5: shown.continuation[5]}}, "chosen by hand"),
        ({"settings": replace(SETTINGS, temperature=0)}, "as the likeliest"),
        ({"settings": replace(SETTINGS, beam_width=2)}, "found by the beam"),
    ):
        sight = sight_of(session, replace(shown, recipe=replace(shown.recipe, **changes), place=5))
        assert told in end(drawn(session, sight))


def test_a_beam_weighs_the_models_own_shares(session, shown):
    beam = replace(SETTINGS, beam_width=2, temperature=0.1, top_k=1)
    sight = sight_of(session, replace(shown, recipe=replace(shown.recipe, settings=beam), place=5))
    own = sight_of(
        session, replace(shown, recipe=replace(shown.recipe, settings=replace(SETTINGS, temperature=1)), place=5)
    )
    boxes = [re.findall(r'<rect class="box[^>]*y="16.00"[^>]*>', drawn(session, one)) for one in (sight, own)]
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize(
    "wrong", [(-1, 0, 0), (8, 0, 0), (0, 2, 0), (0, 0, 2), (None, 0, 0), ("0", 0, 0), (0, True, 0)]
)
def test_a_character_or_head_that_is_not_there_is_refused(session, shown, wrong):
    with pytest.raises(ValueError, match="must be a whole number"):
        moved(session, sight_of(session, shown), *wrong)
