"""The sample beside published weights."""

import json
import shlex

import pytest

from tinygpt import TextEncoderDecoder, open_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import read_facts
from tinygpt.flags import SHIPPED
from tinygpt.inference.sample import Sample, read_sample, sample_request, write_sample
from tinygpt.request import GenerationRequest


@pytest.fixture(scope="module")
def opened(weights):
    return (*open_checkpoint(weights), read_facts(weights))


def test_the_shipped_weights_write_their_sample_again(called):
    sample, sha256 = read_sample(SHIPPED), read_facts(SHIPPED)["weights_sha256"]
    assert sample.weights_sha256 == sha256
    again = write_sample(*open_checkpoint(SHIPPED), sample.request, sha256)
    assert again.json() == (SHIPPED / "sample.json").read_bytes()
    _, _, module, *flags = shlex.split(sample.command("weights"))
    assert called(module, *flags[2:]).stdout == f"{sample.request.prompt}{sample.text}\n"


def test_a_sample_is_read_as_it_was_written(opened, tmp_path):
    engine, tokenizer, facts = opened
    request = GenerationRequest(prompt="THE QUEEN:", length=40, seed=2**64 - 1, top_k=3, beam_width=None)
    sample = write_sample(engine, tokenizer, request, facts["weights_sha256"])
    (tmp_path / "sample.json").write_bytes(sample.json())
    assert read_sample(tmp_path) == sample
    fields = json.loads(sample.json())
    assert fields["request"]["seed"] == str(2**64 - 1)
    assert fields["request"].keys() == {"prompt", "length", "seed", "top_k", "beam_width"}
    assert len(fields["confidence"]) == len(sample.text)
    assert write_sample(engine, tokenizer, sample.request, facts["weights_sha256"]) == sample


def test_a_sample_of_an_earlier_version_has_no_confidence(tmp_path):
    sample = Sample(GenerationRequest(seed=1), "one", "0" * 64)
    (tmp_path / "sample.json").write_bytes(sample.json())
    assert "confidence" not in json.loads(sample.json())
    assert read_sample(tmp_path) == sample


@pytest.mark.parametrize("confidence", ["12", "12a", [1, 2, 3], None])
def test_confidence_that_does_not_fit_the_text_is_refused(tmp_path, confidence):
    fields = json.loads(Sample(GenerationRequest(seed=1), "one", "0" * 64).json()) | {"confidence": confidence}
    (tmp_path / "sample.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=r"is not a sample .*confidence"):
        read_sample(tmp_path)


@pytest.mark.parametrize("length", [1, 2, 57, 300])
@pytest.mark.parametrize("temperature", [0, 1.5])
def test_a_sample_is_the_beginning_of_what_was_asked_for_and_ends_with_a_line(opened, length, temperature):
    engine, tokenizer, facts = opened
    request = GenerationRequest(prompt="THE QUEEN:", length=length, temperature=temperature, seed=5)
    whole = write_sample(engine, tokenizer, request, facts["weights_sha256"])
    sample = whole.until_line_end()
    assert whole.text.startswith(sample.text)
    assert length // 2 <= len(sample.text) == len(sample.confidence) == sample.request.length <= length
    assert sample == whole or whole.text[len(sample.text)] == "\n"
    assert write_sample(engine, tokenizer, sample.request, facts["weights_sha256"]) == sample


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one\ntwo and two\n\nthree\nfour", "one\ntwo and two"),
        ("one\n\ntwo\nthree\nfour and", "one\n\ntwo\nthree"),
        ("one\n\ntwo three four", "one\n\ntwo three four"),
        ("one", "one"),
        ("\n", "\n"),
        ("\n\n\n\n", "\n\n"),
        ("", ""),
    ],
)
def test_a_sample_ends_with_a_speech_or_a_line_unless_that_would_halve_it(text, kept):
    assert Sample(GenerationRequest(seed=1), text, "").until_line_end().text == kept


def test_the_request_suits_the_text_that_the_weights_learned():
    shakespeare = sample_request(read_facts(SHIPPED), {})
    assert (shakespeare.prompt, shakespeare.seed) == ("JULIET:", 1564)
    assert sample_request(read_facts(SHIPPED), {"prompt": "", "seed": 2}).prompt == ""
    assert sample_request({"vocabulary": "\nab"}, {}).prompt == ""
    assert sample_request({"vocabulary": "ab"}, {}).prompt == "a"


def test_weights_that_know_no_line_ends_have_a_sample(build, tmp_path):
    save_checkpoint(tmp_path, build(vocab_size=3), TextEncoderDecoder("abc"))
    engine, tokenizer = open_checkpoint(tmp_path)
    facts = read_facts(tmp_path)
    sample = write_sample(engine, tokenizer, sample_request(facts, {}), facts["weights_sha256"])
    assert len(sample.text) == 350


def test_the_text_of_a_beam_search_is_left_whole():
    request = GenerationRequest(seed=1, strategy="beam", length=13)
    sample = Sample(request, "one and\ntwo and", "")
    assert sample.until_line_end() == sample


def test_a_folder_without_a_sample_has_none(tmp_path):
    assert read_sample(tmp_path) is None
