"""Generation from prompts, past the context, with stop strings, forced characters and probabilities.

That every engine writes the text of the plain loop is tested in tests/engines/test_every_engine.py.
"""

import gc
import math
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import SampleConfig, TextEncoderDecoder, beam_search, stream
from tinygpt.engines.selection import fastest
from tinygpt.fields import FieldError
from tinygpt.inference.generation import Character, WindowedReader, characters, current_window, until_stop
from tinygpt.model.gpt import FAMILIES
from tinygpt.model.kv_cache import KVCache

each_family = pytest.mark.parametrize("family", FAMILIES)


def plain(model, tokenizer: TextEncoderDecoder, prompt: str, **settings) -> str:
    """What `model.generate` adds to the prompt."""
    ids = tokenizer.encode(prompt or "\n")
    return tokenizer.decode(model.generate(torch.tensor([ids]), **settings)[0, len(ids) :].tolist())


def streamed(model, tokenizer: TextEncoderDecoder, prompt: str, **settings) -> str:
    return "".join(stream(model, tokenizer, prompt, SampleConfig(**settings)))


def test_a_prompt_longer_than_the_context_counts_by_its_last_block(build, tokenizer):
    model = build()
    settings = {"max_new_tokens": 20, "seed": 1}
    long = "Nothing of this is seen. My bread"
    assert streamed(model, tokenizer, long, **settings) == streamed(model, tokenizer, long[-8:], **settings)
    assert streamed(model, tokenizer, long, **settings) != streamed(model, tokenizer, long[-7:], **settings)


@torch.no_grad()
def test_rows_of_a_window_can_be_dropped_and_forked(build):
    model = build("qwen3")
    reader = WindowedReader(model, [[1, 2], [3, 4], [5, 6]])
    reader.read()
    reader.select([2, 0, 0, 2])
    reader.append([7, 8, 9, 10])
    rows = torch.tensor([[5, 6, 7], [1, 2, 8], [1, 2, 9], [5, 6, 10]])
    np.testing.assert_allclose(reader.read(), model(rows)[:, -1].numpy(), atol=1e-5)


# Seeds, the empty prompt, errors


def test_a_seed_repeats_a_text_and_no_seed_gives_another_each_time(build, tokenizer):
    model = build()
    for seed in (0, 2**64 - 1):
        settings = {"max_new_tokens": 20, "temperature": 1.0, "seed": seed}
        assert streamed(model, tokenizer, "My", **settings) == streamed(model, tokenizer, "My", **settings)
    texts = {
        streamed(model, tokenizer, "My", max_new_tokens=20, temperature=1.0, seed=seed) for seed in (0, 1, None, None)
    }
    assert len(texts) == 4


def test_a_longer_text_begins_with_the_shorter_one(build, tokenizer):
    short, long = (streamed(build(), tokenizer, "My", max_new_tokens=n, seed=5) for n in (20, 60))
    assert (len(short), len(long)) == (20, 60)
    assert long.startswith(short)


def test_an_empty_prompt_is_a_newline(build, tokenizer):
    settings = {"max_new_tokens": 20, "seed": 4}
    assert streamed(build(), tokenizer, "", **settings) == streamed(build(), tokenizer, "\n", **settings)
    assert len("".join(stream(build(), tokenizer))) == SampleConfig().max_new_tokens


def test_dropout_of_a_model_in_training_is_off_while_it_writes(build, tokenizer):
    model = build(dropout=0.5).train()
    assert streamed(model, tokenizer, "My", max_new_tokens=20, seed=1) == plain(
        model.eval(), tokenizer, "My", max_new_tokens=20, seed=1, temperature=0.8
    )


def test_errors_come_before_anything_is_written(build, tokenizer):
    with pytest.raises(ValueError, match="does not know: é"):
        stream(build(), tokenizer, "é")
    with pytest.raises(ValueError, match=f"top_k must be at most {tokenizer.vocab_size}"):
        stream(build(), tokenizer, "My", SampleConfig(top_k=tokenizer.vocab_size + 1))
    stream(build(), tokenizer, "My", SampleConfig(top_k=tokenizer.vocab_size))
    for write, width in ((stream, None), (beam_search, 2)):
        with pytest.raises(FieldError, match="stop must be a text that the model can write: it does not know 'é🙂'"):
            write(build(), tokenizer, "My", SampleConfig(stop="Mé🙂", beam_width=width))


# Stopping


@pytest.mark.parametrize("stop", [None, "never in it"])
def test_closing_the_stream_ends_the_work(build, tokenizer, stop):
    model = build()
    reads = []
    model.embedding.register_forward_hook(lambda *_: reads.append(1))
    pieces = stream(model, tokenizer, "My", SampleConfig(max_new_tokens=100, seed=1, stop=stop))
    assert reads == []  # nothing is computed before it is asked for
    for _ in range(3):
        next(pieces)
    pieces.close()
    assert len(reads) <= 4
    assert list(pieces) == []


def test_an_abandoned_stream_gives_its_memory_back(build, tokenizer, monkeypatch):
    caches = []
    made = KVCache.__init__
    monkeypatch.setattr(
        KVCache, "__init__", lambda self, *a, **k: (made(self, *a, **k), caches.append(weakref.ref(self)))[0]
    )
    pieces = stream(build(), tokenizer, "My", SampleConfig(seed=1, stop="never in it"))
    next(pieces)
    assert caches[0]() is not None
    pieces.close()
    gc.collect()
    assert caches[0]() is None


def test_the_last_character_is_not_read_again(build, tokenizer):
    model = build()
    reads = []
    model.embedding.register_forward_hook(lambda *_: reads.append(1))
    streamed(model, tokenizer, "My", max_new_tokens=10, seed=1)
    assert len(reads) == 10


def test_a_text_ends_before_its_stop_string(build, tokenizer):
    model = build()
    whole = streamed(model, tokenizer, "My", max_new_tokens=100, seed=2, temperature=1.0)
    for stop in (whole[30:33], whole[0], whole[70:90], whole[:5], "\n"):
        cut = streamed(model, tokenizer, "My", max_new_tokens=100, seed=2, temperature=1.0, stop=stop)
        assert cut == whole.split(stop)[0]


def in_characters(text: str) -> list[Character]:
    return [Character(each, 0.5) for each in text]


@given(st.text("ab", min_size=1, max_size=4), st.text("ab", max_size=20))
def test_it_yields_what_stands_before_the_stop_string(stop, text):
    assert "".join(each.text for each in until_stop(stop, in_characters(text))) == text.split(stop)[0]


@given(st.text("ab", min_size=1, max_size=4), st.text("ab", max_size=20))
def test_it_holds_back_only_what_may_be_the_beginning_of_the_stop_string(stop, text):
    read, given = [], []

    def source() -> Iterator[Character]:
        for character in in_characters(text):
            assert stop.startswith("".join(read[len(given) :]))  # all else was given before more is asked for
            read.append(character.text)
            yield character

    for character in until_stop(stop, source()):
        given.append(character.text)


def test_it_asks_for_nothing_after_the_stop_string():
    written = iter(in_characters("abENDc"))
    assert [each.text for each in until_stop("END", written)] == ["a", "b"]
    assert next(written).text == "c"


# Forced characters and probabilities


@each_family
def test_a_forced_character_stands_at_its_position_and_the_text_continues_from_there(build, tokenizer, family):
    model, settings = build(family), SampleConfig(max_new_tokens=36, seed=4)

    def text(engine, forced: dict[int, str]) -> str:
        return "".join(each.text for each in characters(engine, tokenizer, "My", settings, forced))

    whole = text(model, {})
    for position in (0, 7, 31, 35):
        other = next(each for each in tokenizer.vocabulary if each != whole[position])
        for engine in (model, fastest(model)):
            steered = text(engine, {position: other})
            assert steered[: position + 1] == whole[:position] + other
            all_forced = dict(enumerate(steered[: position + 1]))
            assert steered == text(engine, all_forced)
        assert text(model, {position: whole[position]}) == whole


@each_family
def test_each_character_comes_with_the_probability_that_the_model_gave_it(build, tokenizer, family):
    model = build(family)
    settings = SampleConfig(max_new_tokens=40, seed=4, temperature=0.5, top_k=4)
    prompt, ids = tokenizer.encode("My"), []
    for engine in (model, fastest(model)):
        ids = []
        for i, character in enumerate(characters(engine, tokenizer, "My", settings, {3: "e", 20: "M"})):
            seen = torch.tensor([current_window(model.config, prompt, ids)])
            with torch.no_grad():
                wanted = model(seen)[0, -1].softmax(-1)
            (id,) = tokenizer.encode(character.text)
            assert character.probability == pytest.approx(wanted[id].item(), rel=1e-4), i
            ids.append(id)


@pytest.mark.parametrize(
    "setting",
    [{"temperature": -1}, {"temperature": math.nan}, {"top_p": 3}, {"top_k": 0}, {"top_k": 999}, {"seed": -5}],
    ids=str,
)
def test_generate_refuses_what_is_out_of_bounds(build, setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        build().generate(torch.zeros((1, 1), dtype=torch.long), 3, **setting)


def test_a_beam_width_is_refused_with_the_function_that_takes_one(build, tokenizer):
    with pytest.raises(ValueError, match="beam_search"):
        stream(build(), tokenizer, "My", SampleConfig(beam_width=2))
