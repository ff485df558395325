"""Status lines below a text."""

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.components import status


def test_notes_on_a_prompt_are_escaped():
    request = GenerationRequest(seed=1)
    continuation = Continuation(
        request=request, prompt="", text="", confidence="", notes=("Removed <img>.",), seconds=1.0
    )
    assert "&lt;img&gt;" in status.status(continuation)
    assert "&lt;img&gt;" in status.shared_status(continuation)


def test_how_characters_were_chosen_depends_on_the_strategy():
    assert status.how(GenerationRequest(seed=7)) == "seed 7"
    assert status.how(GenerationRequest(seed=7, strategy="greedy")) == "greedy"
    assert status.how(GenerationRequest(temperature=0)) == "greedy"
    assert status.how(GenerationRequest(strategy="beam", beam_width=3)) == "beam width 3"
