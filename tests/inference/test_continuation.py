"""Whatever a person typed, the text they see grow."""

import pytest

from tinygpt import SampleConfig, TextEncoderDecoder, beam_search, stream
from tinygpt.fields import FieldError
from tinygpt.inference.continuation import Continuation, prepare, write
from tinygpt.request import GenerationRequest


def continuations(model, tokenizer, prompt, **settings) -> list[Continuation]:
    return list(write(model, tokenizer, GenerationRequest(prompt=prompt, **settings)))


def test_a_prompt_in_known_characters_is_taken_as_it_is(build, tokenizer):
    request = GenerationRequest(prompt="BAKER:\nMy", seed=1)
    prepared = prepare(build(block_size=64).config, tokenizer, request)
    assert prepared == ("BAKER:\nMy", request.sample_config(), ())


def test_what_was_changed_in_a_prompt_is_noted(build, tokenizer):
    request = GenerationRequest(prompt="Don’t\r\nweep 🙂")
    text, _, notes = prepare(build(block_size=64).config, tokenizer, request)
    assert text == "Don't\nweep "
    assert len(notes) == 3


@pytest.mark.parametrize("prompt", ["", "🙂", "\x00"], ids=["none", "emoji", "nul"])
def test_where_nothing_is_left_to_continue_the_text_starts_on_a_new_line_and_a_note_says_so(build, tokenizer, prompt):
    model = build()
    last = continuations(model, tokenizer, prompt, length=20, seed=1)[-1]
    assert last.prompt == ""
    assert last.notes[-1] == "Nothing to continue, so the text starts on a new line."
    assert last.text == "".join(stream(model, tokenizer, "\n", SampleConfig(max_new_tokens=20, seed=1)))


def test_where_nothing_is_left_and_the_model_knows_no_new_line_the_prompt_is_refused(build):
    with pytest.raises(ValueError, match=r"^prompt must have a character"):
        prepare(build().config, TextEncoderDecoder("xyz"), GenerationRequest())


def test_of_a_prompt_longer_than_the_context_all_is_shown_and_a_note_tells_what_is_seen(build, tokenizer):
    last = continuations(build(), tokenizer, "The quiet river", length=5, seed=1)[-1]
    assert last.prompt == "The quiet river"
    assert last.notes == ("The model sees the last 8 characters of the prompt.",)
    assert continuations(build(), tokenizer, "The rive", length=5, seed=1)[-1].notes == ()


def test_a_prompt_that_grows_over_the_bound_in_known_characters_is_not_refused(build):
    tokenizer = TextEncoderDecoder("-.")
    prompt, settings, _ = prepare(build().config, tokenizer, GenerationRequest(prompt="—" * 10_000, stop="…" * 100))
    assert prompt == "--" * 10_000
    assert settings.stop == "..." * 100


def test_a_top_k_above_the_vocabulary_is_refused_before_anything_is_written(build, tokenizer):
    with pytest.raises(ValueError, match="top_k must be at most"):
        write(build(), tokenizer, GenerationRequest(prompt="My", top_k=tokenizer.vocab_size + 1))


def test_the_text_grows_from_nothing_to_what_the_stream_writes(build, tokenizer):
    model, request = build(), GenerationRequest(prompt="My", length=30, seed=3)
    seen = list(write(model, tokenizer, request))
    whole = "".join(stream(model, tokenizer, "My", request.sample_config()))
    assert [continuation.text for continuation in seen] == [whole[:n] for n in range(31)]
    assert all(continuation.request == request for continuation in seen)


def test_a_new_seed_is_told_and_gives_the_text_again(build, tokenizer):
    model = build()
    first = continuations(model, tokenizer, "My", length=30)[-1]
    again = list(write(model, tokenizer, first.request))[-1]
    assert again.text == first.text
    assert continuations(model, tokenizer, "My", length=30)[-1].text != first.text


def test_with_a_beam_width_the_best_text_so_far_is_shown(build, tokenizer):
    model, request = build(), GenerationRequest(prompt="My", length=15, strategy="beam", beam_width=3)
    found = list(beam_search(model, tokenizer, "My", request.sample_config()))
    assert [continuation.text for continuation in write(model, tokenizer, request)] == ["", *found]


def test_a_stop_string_is_never_part_of_the_text(build, tokenizer):
    whole = continuations(build(), tokenizer, "My", length=60, seed=3)[-1].text
    stop = whole[40:44]
    seen = continuations(build(), tokenizer, "My", length=60, seed=3, stop=stop)
    assert seen[-1].text == whole.split(stop)[0]
    assert all(whole.split(stop)[0].startswith(continuation.text) for continuation in seen)


def test_the_request_of_a_continuation_is_in_known_characters_so_that_a_link_can_hold_it(build, tokenizer):
    asked = GenerationRequest(prompt="My\ud83d b\u00e9", stop="\u00e9e", length=5, seed=1)
    *_, last = write(build(), tokenizer, asked)
    assert (last.request.prompt, last.request.stop) == ("My be", "ee")
    *_, again = write(build(), tokenizer, last.request)
    assert (again.text, again.request) == (last.text, last.request)


@pytest.mark.parametrize("strategy", ["sample", "beam"])
def test_closing_ends_the_work(build, tokenizer, strategy):
    model = build()
    reads = []
    model.embedding.register_forward_hook(lambda *_: reads.append(1))
    growing = write(model, tokenizer, GenerationRequest(prompt="My", length=100, seed=1, strategy=strategy))
    for _ in range(3):
        next(growing)
    growing.close()
    assert len(reads) <= 3
    assert list(growing) == []


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [
        ("four", 0.5, "4 characters · 0.5 s · 8 per second"),
        ("a", 1.0, "1 character · 1.0 s · 1 per second"),
        ("", 0.0, "0 characters · 0.0 s · 0 per second"),
    ],
)
def test_a_continuation_tells_how_much_was_written_and_how_fast(text, seconds, said):
    continuation = Continuation(
        request=GenerationRequest(), prompt="", text=text, confidence="", notes=(), seconds=seconds
    )
    assert str(continuation) == said


def test_a_stop_text_is_brought_into_known_characters_like_the_prompt(build, tokenizer):
    request = GenerationRequest(prompt="My", stop="é")
    _, settings, notes = prepare(build().config, tokenizer, request)
    assert settings.stop == "e"
    assert "In the stop text: Changed é to e." in notes


@pytest.mark.parametrize("stop", ["🙂", "END🙂", "\x00", "\udce9", "עד", "\u0301", "x\u200b"], ids=ascii)
@pytest.mark.parametrize("strategy", ["sample", "beam"])
def test_a_stop_text_that_the_model_cannot_write_is_refused(build, tokenizer, stop, strategy):
    with pytest.raises(FieldError, match=r"^stop must be a text that the model can write: it does not know "):
        write(build(), tokenizer, GenerationRequest(prompt="My", stop=stop, strategy=strategy))


@pytest.mark.parametrize("stop", ["é", "e\u0301", "…", "“", "\r\n", "\r"], ids=ascii)
def test_a_stop_text_that_has_a_spelling_is_not_refused(build, tokenizer, stop):
    _, settings, notes = prepare(build().config, tokenizer, GenerationRequest(prompt="My", stop=stop))
    assert set(settings.stop) <= set(tokenizer.vocabulary)
    assert any(note.startswith("In the stop text: ") for note in notes)
