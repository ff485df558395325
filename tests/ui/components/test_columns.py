"""Texts side by side."""

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.columns import Column, columns_data, lines_below

WRITTEN = Continuation(
    request=GenerationRequest(seed=7), prompt="", text="", confidence="", notes=("Removed <img>.",), seconds=1.0
)


def test_a_column_is_all_that_is_drawn_of_a_text():
    assert columns_data(
        [Column("0.5", "Temperature 0.5", "careful", text="abc", memorized=[(0, 2)], link="#seed=1")]
    ) == [
        {
            "name": "0.5",
            "heading": "Temperature 0.5",
            "caption": "careful",
            "detail": "",
            "text": "abc",
            "memorized": [(0, 2)],
            "link": "#seed=1",
        }
    ]


def test_the_seed_is_told_once_for_all_texts_and_notes_on_the_prompt_are_lines_of_their_own():
    shared, note = lines_below(WRITTEN, "And more.")
    assert shared == ("status", "All texts have the same prompt and seed (7). And more.")
    assert note == ("note", "Removed <img>.")


def test_the_underlining_is_explained_where_something_is_underlined_and_an_early_end_always():
    assert "Underlined" in lines_below(WRITTEN, memorized=[[], [(3, 6)]])[0][1]
    assert "Underlined" not in lines_below(WRITTEN, memorized=[[], ()])[0][1]
    assert lines_below(WRITTEN, ended="ended after 60 seconds")[0][1].endswith(". Ended after 60 seconds.")
