"""The tab Look inside: which window is inspected, and how the next character was chosen."""

import re
import tracemalloc
from dataclasses import replace

import pytest

from tinygpt import save_checkpoint
from tinygpt.inference.generation import characters
from tinygpt.model.sampling import uniform
from tinygpt.request import GenerationRequest
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink
from tinygpt.ui.tabs.inside import draw, inspect, moved, window_data

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


def caption(html: str) -> str:
    """The caption of the last station."""
    return re.findall(r"<text[^>]*>([^<]*)", html)[-2]


def test_each_character_of_a_text_has_a_probability_above_0_in_the_window_that_is_shown(session, displayed):
    for position in range(30):
        inspection = inspect(session, replace(displayed, position=position))
        assert inspection.next_character == displayed.text[position]
        assert f"{uniform(3, position):.4f}" in caption(draw(session, inspection))
        text = inspection.window[: inspection.index + 1]
        reading = session.read_character(text, 0, 0, REQUEST.sample_config(), position)
        assert reading.candidates.kept_V[session.tokenizer.encode(inspection.next_character)[0]] > 0


def test_a_window_stays_the_same_when_another_of_its_characters_is_chosen(session, displayed):
    inspection = inspect(session, replace(displayed, position=29))
    for index in (0, len(inspection.window) - 1, 1):
        other = moved(session, inspection, index, 1, 1)
        assert (other.window, other.first, other.index) == (inspection.window, inspection.first, index)
        inspection = other


def test_the_diagram_says_why_a_character_was_not_sampled_from_this_window(session, displayed):
    last = inspect(session, replace(displayed, position=29))
    assert "sampled in the window before" in caption(draw(session, moved(session, last, 0, 0, 0)))
    first = inspect(session, replace(displayed, position=0))
    assert "as given in the prompt" in caption(draw(session, moved(session, first, 0, 0, 0)))
    for changes, reason in (
        ({"forced": {5: displayed.text[5]}}, "chosen by hand"),
        ({"request": replace(REQUEST, strategy="greedy")}, "as the likeliest one"),
        ({"request": replace(REQUEST, strategy="beam")}, "found by beam search"),
    ):
        inspection = inspect(session, replace(displayed, link=replace(displayed.link, **changes), position=5))
        assert reason in caption(draw(session, inspection))


def test_beam_search_uses_the_probabilities_of_the_model_itself(session, displayed):
    beam = replace(REQUEST, strategy="beam", temperature=0.1, top_k=1)
    inspection = inspect(session, replace(displayed, link=replace(displayed.link, request=beam), position=5))
    own = inspect(
        session, replace(displayed, link=replace(displayed.link, request=replace(REQUEST, temperature=1)), position=5)
    )
    boxes = [re.findall(r'<rect class="box[^>]*y="16.00"[^>]*>', draw(session, one)) for one in (inspection, own)]
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize(
    "wrong", [(-1, 0, 0), (8, 0, 0), (0, 2, 0), (0, 0, 2), (None, 0, 0), ("0", 0, 0), (0, True, 0)]
)
def test_a_character_or_head_that_does_not_exist_is_refused(session, displayed, wrong):
    with pytest.raises(ValueError, match="must be a whole number"):
        moved(session, inspect(session, displayed), *wrong)


def test_weights_with_a_long_context_are_inspected_in_bounded_memory_and_the_panel_says_what_it_shows(
    build, tokenizer, text, tmp_path
):
    """All 9,000 characters would take several GB."""
    save_checkpoint(tmp_path, build(block_size=65_536, n_layer=4, n_head=4), tokenizer)
    session, long = Session(tmp_path), (text * 3)[:9_000]
    link = ShareLink(GenerationRequest(seed=3), session.facts["weights_sha256"])
    tracemalloc.start()
    for position, part, reason in (
        (8_999, "512 are shown, read as if the text began with them", "sampled by the model, which saw more"),
        (100, "512 are shown, the first ones", f"{uniform(3, 100):.4f}"),
    ):
        inspection = inspect(session, DisplayedText(link, "\n", long, position=position))
        assert inspection.next_character == long[position]
        assert "Of the 9,001 characters" in window_data(session, inspection)["maps"]["note"]
        assert part in window_data(session, inspection)["maps"]["note"]
        assert reason in caption(draw(session, inspection))
        assert moved(session, inspection, 7, 0, 0).next_position == inspection.first + 8
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


def test_a_window_that_fits_is_shown_whole_and_nothing_is_said(session, displayed):
    inspection = inspect(session, displayed)
    assert len(inspection.window) == inspection.seen
    assert window_data(session, inspection)["maps"]["note"] == ""
