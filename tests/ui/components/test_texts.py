"""What is drawn in the output pane."""

import json
import shutil

import pytest

from tinygpt.flags import SHIPPED
from tinygpt.inference.continuation import Continuation
from tinygpt.inference.sample import read_sample
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.texts import finished_text, growing_text, sample_text
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink, read_share_link

REQUEST = GenerationRequest(prompt="My", seed=2**64 - 1)
TEXT = Continuation(request=REQUEST, prompt="My", text="<b>\n", confidence="0123", notes=(), seconds=1.0)
LINK = ShareLink(REQUEST, "0" * 64, {1: "b"})


def test_a_growing_text_comes_with_its_prompt_its_confidence_and_what_a_person_chose():
    data = growing_text(TEXT, LINK.forced, [("status", "4 characters")])
    assert (data["prompt"], data["text"], data["confidence"]) == ("My", "<b>\n", "0123")
    assert (data["forced"], data["writing"]) == ([1], True)


def test_a_finished_text_comes_with_the_link_that_writes_it_again():
    data = finished_text(TEXT, LINK, [(0, 2)], [])
    assert json.loads(json.dumps(data)) == data | {"memorized": [[0, 2]]}
    assert not data["writing"]
    assert (data["seed"], data["prompt"]) == (str(2**64 - 1), "My")  # JavaScript's numbers would lose digits
    assert read_share_link(data["link"]) == LINK
    assert read_share_link(data["fragment"]).forced == LINK.forced


def test_the_sample_of_weights_is_a_finished_text_with_its_link():
    sample, data = read_sample(SHIPPED), sample_text(Session(SHIPPED))
    assert (data["text"], data["confidence"], data["prompt"]) == (sample.text, sample.confidence, "JULIET:")
    assert read_share_link(data["link"]) == ShareLink(sample.request, sample.weights_sha256)
    assert data["sample"]
    assert not data["writing"]
    assert json.loads(json.dumps(data))


@pytest.mark.parametrize(
    "content", [None, b"{", json.dumps({"text": "a", "request": {}, "weights_sha256": "0" * 64}).encode()]
)
def test_weights_without_a_sample_of_their_own_have_none(weights, tmp_path, content):
    shutil.copytree(weights, tmp_path / "weights")
    if content:
        (tmp_path / "weights" / "sample.json").write_bytes(content)
    assert sample_text(Session(tmp_path / "weights")) is None
