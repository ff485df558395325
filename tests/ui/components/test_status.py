"""Status lines below a text."""

from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.components import status


def test_notes_on_a_prompt_are_lines_of_their_own():
    request, notes = GenerationRequest(seed=1), ("Removed <img>.",)
    continuation = Continuation(request=request, prompt="", text="", confidence="", notes=notes, seconds=1.0)
    lines = status.status(continuation)
    assert lines[1:] == [("note", "Removed <img>.")]
    assert status.html(lines[1:]) == '<p class="note">Removed &lt;img&gt;.</p>'


def test_how_characters_were_chosen_depends_on_the_strategy():
    assert status.how(GenerationRequest(seed=7)) == "seed 7"
    assert status.how(GenerationRequest(seed=7, strategy="greedy")) == "greedy"
    assert status.how(GenerationRequest(temperature=0)) == "greedy"
    assert status.how(GenerationRequest(strategy="beam", beam_width=3)) == "beam width 3"


def test_an_error_begins_with_a_capital_names_the_control_and_ends_with_what_to_do():
    refused = status.refusal(FieldError("top_k", "must be a whole number of at least 1, not 0"))
    assert refused == [("note", "Top-k must be a whole number of at least 1, not 0. Correct this and try again.")]
    assert status.refusal(FieldError("eval_iters", "must be 1"))[0][1].startswith("Eval iters must be 1.")
    assert status.refusal(ValueError("there is no text: write one")) == [("note", "There is no text: write one.")]


def test_while_a_text_is_written_its_lines_stay_the_same():
    texts = [
        Continuation(request=GenerationRequest(seed=1), prompt="", text=text, confidence="", notes=("a",), seconds=1)
        for text in ("a", "ab")
    ]
    assert status.writing(texts[0]) == status.writing(texts[1]) == [("status", "Writing …"), ("note", "a")]


def test_durations_are_told_as_people_do():
    said = {
        0: "a few seconds",
        0.4: "a few seconds",
        9.9: "a few seconds",
        10: "about 10 seconds",
        16: "about 20 seconds",
        44: "about 40 seconds",
        45: "about a minute",
        89: "about a minute",
        90: "about 2 minutes",
        170: "about 3 minutes",
        2640: "about 44 minutes",
        3000: "about an hour",
        5399: "about an hour",
        7300: "about 2 hours",
    }
    assert {seconds: status.duration(seconds) for seconds in said} == said
