"""What the page is told of how a model reads a character."""

import json
import tracemalloc

import numpy as np
import pytest

from tinygpt import TextEncoderDecoder, save_checkpoint
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.sampling import uniform
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.activations import activations_data, window_data
from tinygpt.ui.components.events import Data
from tinygpt.ui.services.displayed_text import DisplayedText
from tinygpt.ui.services.inspection import Inspection, inspect, moved, read_inspected
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink


def inspected(session: Session, text: str, position: int, **settings) -> Inspection:
    """The first inspection of a text after the prompt "The"."""
    request = GenerationRequest(**{"prompt": "The", "seed": 3, **settings})
    link = ShareLink(request, session.facts["weights_sha256"])
    return inspect(session, DisplayedText(link, "The", text, position))


def reading(session: Session, inspection: Inspection) -> Data:
    return activations_data(session, inspection)["reading"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("written", ["river", " river goes"])
def test_its_numbers_are_those_of_the_model(build, tokenizer, tmp_path, family: str, written: str):
    model = build(family)
    save_checkpoint(tmp_path, model, tokenizer)
    session = Session(tmp_path)
    inspection = moved(session, inspected(session, written, 4), layer=1)
    data = activations_data(session, inspection)
    assert data == json.loads(json.dumps(data))
    assert (data["index"], data["layer"], data["head"]) == (inspection.index, 1, 0)
    config = model.config
    assert [data["model"][name] for name in ("family", "n_embd", "head_size", "hidden", "teachers")] == [
        *(family, config.n_embd, config.head_size, config.hidden, 0)
    ]
    told, numbers = data["reading"], read_inspected(session, inspection)
    read = inspection.window[: inspection.index + 1]
    assert told["length"] == len(read)
    assert told["latest"] == [[each, tokenizer.encode(each)[0]] for each in read[-8:]]
    assert (told["next"], told["uniform"], told["not_sampled"]) == (written[4], uniform(3, 4), "")
    assert told["settings"] == "at temperature 0.8"
    attention = told["attention"]
    np.testing.assert_allclose(attention["latest"], numbers.attention.weights_T[-8:], rtol=1e-4)
    assert sum(attention["latest"]) + attention["earlier"] == pytest.approx(1, abs=1e-4)
    assert attention["character"] == read[numbers.attention.strongest]
    assert attention["back"] == len(read) - 1 - numbers.attention.strongest
    assert np.dot(attention["query"], attention["key"]) / config.head_size**0.5 == pytest.approx(
        attention["score"], abs=1e-2
    )
    for layer, expected in zip(told["layers"], numbers.layers, strict=True):
        np.testing.assert_allclose(layer["stream"], expected.stream_C, rtol=1e-4)
        assert tokenizer.encode(layer["character"]) == [expected.id]
    characters, logits, probabilities, before = zip(*told["vocabulary"], strict=True)
    assert "".join(characters) == tokenizer.vocabulary
    np.testing.assert_allclose(logits, numbers.logits_V, rtol=1e-4)
    np.testing.assert_allclose(probabilities, numbers.candidates.kept_V, rtol=1e-4)
    np.testing.assert_allclose(before[1:], np.cumsum(probabilities)[:-1], atol=1e-3)


def test_beam_search_uses_the_probabilities_of_the_model_itself(weights):
    session = Session(weights)
    beam = inspected(session, "re goes", 5, strategy="beam", temperature=0.1, top_k=1)
    own = inspected(session, "re goes", 5, temperature=1)
    assert reading(session, beam)["vocabulary"] == reading(session, own)["vocabulary"]
    assert reading(session, beam)["uniform"] is None
    assert reading(session, beam)["not_sampled"] == "found by beam search"


def test_weights_with_a_long_context_are_inspected_in_bounded_memory_and_the_panel_says_what_it_shows(
    build, tokenizer, text, tmp_path
):
    """All 9,000 characters would take several GB."""
    save_checkpoint(tmp_path, build(block_size=65_536, n_layer=4, n_head=4), tokenizer)
    session, long = Session(tmp_path), (text * 3)[:9_000]
    tracemalloc.start()
    for position, part, reason in (
        (8_999, "512 are shown, read as if the text began there.", "sampled with more of the text in view"),
        (100, "the first 512 are shown.", ""),
    ):
        inspection = inspected(session, long, position)
        assert inspection.next_character == long[position]
        note = window_data(session, inspection)["note"]
        assert note.startswith("The model sees 9,003 characters here; ")
        assert note.endswith(part)
        assert reading(session, inspection)["not_sampled"] == reason
        assert moved(session, inspection, index=7).next_position == inspection.first + 8
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


def test_of_a_large_vocabulary_the_likeliest_characters_are_told(build, tmp_path):
    vocabulary = "The" + "".join(chr(0x4E00 + n) for n in range(5_000))
    save_checkpoint(tmp_path, build(vocab_size=len(vocabulary)), TextEncoderDecoder(vocabulary))
    session = Session(tmp_path)
    inspection = inspected(session, vocabulary[3:9], 3, temperature=1)
    told, numbers = reading(session, inspection), read_inspected(session, inspection)
    assert len(told["vocabulary"]) == 1_000
    assert max(logit for _, logit, _, _ in told["vocabulary"]) == pytest.approx(numbers.logits_V.max(), rel=1e-4)
    for character, logit, probability, before in told["vocabulary"][::100]:
        (id,) = session.tokenizer.encode(character)
        assert logit == pytest.approx(numbers.logits_V[id], rel=1e-4)
        assert probability == pytest.approx(numbers.candidates.kept_V[id], rel=1e-4)
        assert before == pytest.approx(numbers.candidates.kept_V[:id].sum(), abs=1e-4)


def test_a_window_that_fits_is_shown_whole_and_nothing_is_said(weights):
    session = Session(weights)
    inspection = inspected(session, "re goe", 5)
    assert len(inspection.window) == inspection.seen
    assert window_data(session, inspection)["note"] == ""
