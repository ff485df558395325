"""What is drawn in the output pane."""

import json

from tinygpt.inference.continuation import Continuation
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.output_pane import finished_text, growing_text
from tinygpt.ui.services.share_link import ShareLink, read_share_link

REQUEST = GenerationRequest(prompt="My", seed=2**64 - 1)
TEXT = Continuation(request=REQUEST, prompt="My", text="<b>\n", confidence="0123", notes=(), seconds=1.0)
LINK = ShareLink(REQUEST, "0" * 64, {1: "b"})


def test_a_growing_text_comes_with_its_confidence_and_what_a_person_chose():
    data = growing_text(TEXT, LINK.forced, [("status", "4 characters")])
    assert (data["text"], data["confidence"], data["forced"], data["writing"]) == ("<b>\n", "0123", [1], True)


def test_a_finished_text_comes_with_the_link_that_writes_it_again():
    data = finished_text(TEXT, LINK, [(0, 2)], [])
    assert json.loads(json.dumps(data)) == data | {"memorized": [[0, 2]]}
    assert not data["writing"]
    assert (data["seed"], data["prompt"]) == (str(2**64 - 1), "My")  # JavaScript's numbers would lose digits
    assert read_share_link(data["link"]) == LINK
    assert read_share_link(data["fragment"]).forced == LINK.forced
