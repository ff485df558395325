"""Status lines below a text."""

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.components import status


def test_notes_on_a_prompt_are_lines_of_their_own():
    request, notes = GenerationRequest(seed=1), ("Removed <img>.",)
    continuation = Continuation(request=request, prompt="", text="", confidence="", notes=notes, seconds=1.0)
    for lines in (status.status(continuation), status.shared_status(continuation)):
        assert lines[1:] == [("note", "Removed <img>.")]
    assert status.html(lines[1:]) == '<p class="note">Removed &lt;img&gt;.</p>'


def test_how_characters_were_chosen_depends_on_the_strategy():
    assert status.how(GenerationRequest(seed=7)) == "seed 7"
    assert status.how(GenerationRequest(seed=7, strategy="greedy")) == "greedy"
    assert status.how(GenerationRequest(temperature=0)) == "greedy"
    assert status.how(GenerationRequest(strategy="beam", beam_width=3)) == "beam width 3"
