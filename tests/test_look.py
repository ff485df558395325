"""ui/look.py: a text on the page, and the candidates at a place of it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tinygpt import SampleConfig
from tinygpt.inspection import Candidates
from tinygpt.ui.look import Shown, panel
from tinygpt.ui.recipe import Recipe

RECIPE = Recipe("My", SampleConfig(seed=1), "0" * 64)
SHOWN = Shown(RECIPE, "<ab\n")


def test_a_choice_voids_those_after_it_and_keeps_those_before():
    shown = Shown(replace(RECIPE, chosen={0: "a", 3: "d"}), "abcd")
    assert shown.at(1).steered("x").chosen == {0: "a", 1: "x"}
    assert shown.at(0).steered("y").chosen == {0: "y"}


def test_from_a_choice_in_a_beam_on_the_text_is_greedy_and_what_stood_before_it_stays():
    beam = Shown(replace(RECIPE, settings=SampleConfig(seed=1, beam_width=4)), "abcd").at(2).steered("x")
    assert beam.chosen == {0: "a", 1: "b", 2: "x"}
    assert (beam.settings.beam_width, beam.settings.draws) == (None, False)


@pytest.mark.parametrize("place", [-1, 4, 2.0, True, "1", None, {}], ids=repr)
def test_a_place_where_no_character_is_is_refused(place):
    with pytest.raises(ValueError, match="no character"):
        SHOWN.at(place)


def test_the_panel_lists_the_likeliest_first_and_escapes_what_could_be_html():
    part = np.array([0.1, 0.6, 0.3])
    html = panel(SHOWN.at(0), '\n"<', Candidates(part, part, part))
    assert re.findall(r'data-character="([^"]*)"', html) == ["&quot;", "&lt;", "\n"]
    assert "<<" not in html
    assert "new line" in html
    assert html.count(" disabled") == 1  # the one that stands there cannot be chosen


def test_the_panel_tells_how_the_character_came_there():
    part = np.array([0.5, 0.5])
    for chosen, settings, how in (
        ({}, SampleConfig(seed=1), "drawn"),
        ({0: "<"}, SampleConfig(seed=1), "chosen by hand"),
        ({}, SampleConfig(temperature=0, seed=1), "the likeliest"),
    ):
        shown = Shown(replace(RECIPE, settings=settings, chosen=chosen), "<").at(0)
        assert f"Character 1: &lt;, {how}</h2>" in panel(shown, "<a", Candidates(part, part, part))
