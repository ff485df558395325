"""A text on a visitor's page, as the page sends it."""

from dataclasses import replace

import pytest

from tinygpt.request import GenerationRequest
from tinygpt.ui.services.displayed_text import DisplayedText, read_displayed_text
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

LINK = ShareLink(GenerationRequest(prompt="My", seed=1), "0" * 64)


@pytest.mark.parametrize("position", [-1, 4, 2.0, True, "1", None, {}, 10**30], ids=repr)
def test_a_position_without_a_character_is_refused(position):
    with pytest.raises(ValueError, match="no character"):
        DisplayedText(LINK, "My", "<ab\n").at(position)


def test_a_text_is_read_with_the_weights_that_wrote_it_and_its_prompt_in_their_characters(weights):
    session = Session(weights)
    link = replace(LINK, request=replace(LINK.request, prompt="Mé"), weights_sha256=session.facts["weights_sha256"])
    found, displayed = read_displayed_text(Registry(session), link.json(), "abc")
    assert (found.folder, displayed) == (weights, DisplayedText(link, "Me", "abc"))


def test_what_no_page_sends_is_refused(weights):
    registry = Registry(Session(weights))
    link = replace(LINK, weights_sha256=registry["main"].facts["weights_sha256"])
    for wrong in (None, 7, ["a"], "a" * 5001, "\ud800", "☃"):
        with pytest.raises(ValueError, match=r"no such text|characters"):
            read_displayed_text(registry, link.json(), wrong)
    with pytest.raises(ValueError, match="the weights that wrote this text are no longer here"):
        read_displayed_text(registry, LINK.json(), "abc")
    with pytest.raises(ValueError, match="This link is damaged or incomplete"):
        read_displayed_text(registry, None, "abc")
