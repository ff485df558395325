"""Beam search finds the most probable texts, without sampling."""

from dataclasses import replace
from itertools import product

import pytest
import torch

from tinygpt import SampleConfig, TextEncoderDecoder, beam_search, stream
from tinygpt.fields import FieldError
from tinygpt.inference.beam_search import best_beams
from tinygpt.inference.generation import characters
from tinygpt.model.gpt import FAMILIES

each_family = pytest.mark.parametrize("family", FAMILIES)
FEW = TextEncoderDecoder("\nab")


def searched(model, tokenizer, prompt, **settings) -> list[str]:
    return list(beam_search(model, tokenizer, prompt, SampleConfig(**settings)))


@torch.no_grad()
def score(model, tokenizer: TextEncoderDecoder, prompt: str, continuation: str) -> float:
    """The sum of log-probabilities, each from a whole forward pass under the window rule."""
    window, total = tokenizer.encode(prompt or "\n")[-model.config.block_size :], 0.0
    for id in tokenizer.encode(continuation):
        total += model(torch.tensor([window]))[0, -1].double().log_softmax(-1)[id].item()
        window = [*window, id]
        if len(window) > model.config.block_size:
            window = window[-model.config.kept :]
    return total


@each_family
@pytest.mark.parametrize("prompt", ["", "My", "The quiet river sings"])
def test_a_beam_of_width_one_is_greedy(build, tokenizer, family, prompt):
    model = build(family)
    greedy = "".join(stream(model, tokenizer, prompt, SampleConfig(max_new_tokens=40, temperature=0)))
    assert searched(model, tokenizer, prompt, max_new_tokens=40, beam_width=1)[-1] == greedy


@each_family
@pytest.mark.parametrize("block_size", [2, 8])
@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_finds_the_likeliest_of_all_texts(build, family, block_size, seed):
    """Width 8 holds every text of two letters for three steps, so the best of four is certain."""
    letters = TextEncoderDecoder("ab")
    model = build(family, seed=seed, vocab_size=2, block_size=block_size)
    everything = ["".join(letters_of) for letters_of in product("ab", repeat=4)]
    best = max(everything, key=lambda text: score(model, letters, "ba", text))
    assert searched(model, letters, "ba", max_new_tokens=4, beam_width=8)[-1] == best


@pytest.mark.parametrize("seed", range(12))
def test_with_a_stop_string_the_likeliest_text_that_ends_or_fills_the_length_wins(build, seed):
    letters = TextEncoderDecoder("ab")
    model = build(seed=seed, vocab_size=2)
    stop = "bb" if seed % 2 else "a"
    ways = {"".join(way) for way in product("ab", repeat=4)}
    # A text counts with its stop string, and nothing counts that stands after it.
    ended = {way[: way.index(stop) + len(stop)] if stop in way else way for way in ways}
    best = max(ended, key=lambda way: score(model, letters, "ab", way))
    found = searched(model, letters, "ab", max_new_tokens=4, beam_width=8, stop=stop)[-1]
    assert found == best.removesuffix(stop)
    assert stop not in found


@each_family
def test_a_wider_beam_is_no_worse_and_mostly_better_past_the_context(build, tokenizer, family):
    model = build(family)
    length = 3 * model.config.block_size
    scores = []
    for width in (1, 3, 8):
        text = searched(model, tokenizer, "My", max_new_tokens=length, beam_width=width)[-1]
        assert len(text) == length
        scores.append(score(model, tokenizer, "My", text))
    assert scores[0] < scores[-1]


def test_every_step_yields_the_best_text_so_far(build, tokenizer):
    texts = searched(build(), tokenizer, "My", max_new_tokens=20, beam_width=4)
    assert [len(text) for text in texts] == list(range(1, 21))


def test_a_beam_of_width_one_is_as_confident_as_the_greedy_text(build, tokenizer):
    greedy = characters(build(), tokenizer, "My", SampleConfig(max_new_tokens=40, temperature=0, seed=0))
    *_, beam = best_beams(build(), tokenizer, "My", SampleConfig(max_new_tokens=40, beam_width=1))
    assert beam.confidence == "".join(character.confidence for character in greedy)


def test_every_beam_is_as_confident_as_the_model_is_of_its_characters(build, tokenizer):
    model = build()
    settings = SampleConfig(max_new_tokens=20, beam_width=4)
    for text, confidence in best_beams(model, tokenizer, "My", settings):
        plain = SampleConfig(max_new_tokens=len(text), seed=0)
        forced = characters(model, tokenizer, "My", plain, dict(enumerate(text)))
        assert confidence == "".join(character.confidence for character in forced)


def test_closing_the_search_ends_the_work(build, tokenizer):
    model = build()
    reads = []
    model.embedding.register_forward_hook(lambda *_: reads.append(1))
    texts = beam_search(model, tokenizer, "My", SampleConfig(max_new_tokens=100, beam_width=4))
    next(texts)
    next(texts)
    texts.close()
    assert len(reads) <= 3
    assert list(texts) == []


def test_nothing_is_sampled(build, tokenizer):
    settings = SampleConfig(max_new_tokens=20, beam_width=3)
    other = replace(settings, seed=5, temperature=2.0, top_k=2, top_p=0.1)
    before = torch.get_rng_state()
    first, second = (list(beam_search(build(), tokenizer, "My", s)) for s in (settings, other))
    assert first == second
    assert torch.equal(torch.get_rng_state(), before)


def test_of_equally_likely_texts_the_first_in_vocabulary_order_wins(build, tokenizer):
    model = build()
    model.norm.weight.data.zero_()
    model.norm.bias.data.fill_(1)
    model.lm_head.weight.data.zero_()
    model.lm_head.weight.data[2::3] = 1  # every third character, one as likely as the next, after any text
    assert searched(model, tokenizer, "My", max_new_tokens=3, beam_width=4)[-1] == 3 * tokenizer.vocabulary[2]


def test_a_stop_string_that_comes_at_once_leaves_an_empty_text(build):
    model = build(vocab_size=3)
    model.lm_head.weight.data.zero_()
    *_, last = best_beams(model, FEW, "ab", SampleConfig(max_new_tokens=3, beam_width=3, stop="\n"))
    assert last == ("", "")
    assert searched(model, FEW, "ab", max_new_tokens=3, beam_width=3, stop="\n")[-1] == ""


def test_mistakes_are_refused_before_anything_is_generated(build, tokenizer):
    with pytest.raises(FieldError, match="beam_width must be a whole number of at least 1"):
        beam_search(build(), tokenizer, "My", SampleConfig())
    with pytest.raises(ValueError, match="does not know: é"):
        beam_search(build(), tokenizer, "é", SampleConfig(beam_width=2))
