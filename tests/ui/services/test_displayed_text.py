"""The text on a page, and what is written when one of its characters is replaced."""

from dataclasses import replace

import pytest

from tinygpt.request import GenerationRequest
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.share_link import ShareLink

LINK = ShareLink(GenerationRequest(prompt="My", seed=1), "0" * 64)


def test_a_forced_character_keeps_the_forced_ones_before_it_only():
    text = DisplayedText(replace(LINK, forced={0: "a", 3: "d"}), "My", "abcd")
    assert text.at(1).with_forced("x").forced == {0: "a", 1: "x"}
    assert text.at(0).with_forced("y").forced == {0: "y"}


def test_forcing_a_character_of_a_beam_keeps_the_text_before_it_and_continues_greedily():
    beam = replace(LINK, request=replace(LINK.request, strategy="beam"))
    link = DisplayedText(beam, "My", "abcd").at(2).with_forced("x")
    assert link.forced == {0: "a", 1: "b", 2: "x"}
    assert link.request.strategy == "greedy"


@pytest.mark.parametrize("position", [-1, 4, 2.0, True, "1", None, {}], ids=repr)
def test_a_position_without_a_character_is_refused(position):
    with pytest.raises(ValueError, match="no character"):
        DisplayedText(LINK, "My", "<ab\n").at(position)
