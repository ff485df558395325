"""writing.py: whatever a person typed, the text they see grow."""

import pytest

from tinygpt import SampleConfig, TextEncoderDecoder, beam_search, stream
from tinygpt.config import MAX_PROMPT
from tinygpt.writing import Draft, prepare, write


def drafts(model, tokenizer, prompt, **settings) -> list[Draft]:
    return list(write(model, tokenizer, prompt, SampleConfig(**settings)))


def test_a_prompt_in_known_characters_is_taken_as_it_is(build, tokenizer):
    assert prepare(build(block_size=64).config, tokenizer, "BAKER:\nMy") == ("BAKER:\nMy", ())


def test_what_was_changed_in_a_prompt_is_noted(build, tokenizer):
    text, notes = prepare(build(block_size=64).config, tokenizer, "Don’t\r\nweep 🙂")
    assert text == "Don't\nweep "
    assert len(notes) == 3


@pytest.mark.parametrize("prompt", ["", "🙂", "\x00"], ids=["none", "emoji", "nul"])
def test_where_nothing_is_left_to_continue_the_text_starts_on_a_new_line_and_a_note_says_so(build, tokenizer, prompt):
    model = build()
    last = drafts(model, tokenizer, prompt, max_new_tokens=20, seed=1)[-1]
    assert last.prompt == ""
    assert last.notes[-1] == "Nothing to continue, so the text starts on a new line."
    assert last.continuation == "".join(stream(model, tokenizer, "\n", SampleConfig(max_new_tokens=20, seed=1)))


def test_where_nothing_is_left_and_the_model_knows_no_new_line_the_prompt_is_refused(build):
    with pytest.raises(ValueError, match=r"^prompt must have a character"):
        prepare(build().config, TextEncoderDecoder("xyz"), "")


def test_of_a_prompt_longer_than_the_context_all_is_shown_and_a_note_tells_what_is_seen(build, tokenizer):
    last = drafts(build(), tokenizer, "The quiet river", max_new_tokens=5, seed=1)[-1]
    assert last.prompt == "The quiet river"
    assert last.notes == ("The model sees the last 8 characters of the prompt.",)
    assert drafts(build(), tokenizer, "The rive", max_new_tokens=5, seed=1)[-1].notes == ()


@pytest.mark.parametrize("prompt", [None, 5, b"My", ["My"], {"path": "prompt.txt"}], ids=repr)
def test_a_prompt_that_is_no_text_is_refused(build, tokenizer, prompt):
    with pytest.raises(ValueError, match="prompt must be a text, not"):
        write(build(), tokenizer, prompt, SampleConfig())


def test_a_prompt_over_the_bound_is_refused_before_anything_is_written(build, tokenizer):
    prepare(build().config, tokenizer, "a" * MAX_PROMPT)
    with pytest.raises(ValueError, match="at most 10,000 characters, not 10,001"):
        write(build(), tokenizer, "a" * (MAX_PROMPT + 1), SampleConfig())


def test_a_top_k_above_the_vocabulary_is_refused_before_anything_is_written(build, tokenizer):
    with pytest.raises(ValueError, match="top_k must be at most"):
        write(build(), tokenizer, "My", SampleConfig(top_k=tokenizer.vocab_size + 1))


def test_the_text_grows_from_nothing_to_what_the_stream_writes(build, tokenizer):
    model, settings = build(), SampleConfig(max_new_tokens=30, seed=3)
    seen = list(write(model, tokenizer, "My", settings))
    whole = "".join(stream(model, tokenizer, "My", settings))
    assert [draft.continuation for draft in seen] == [whole[:n] for n in range(31)]
    assert all(draft.settings == settings for draft in seen)


def test_the_seed_that_was_drawn_is_told_and_gives_the_text_again(build, tokenizer):
    model = build()
    first = drafts(model, tokenizer, "My", max_new_tokens=30)[-1]
    again = list(write(model, tokenizer, "My", first.settings))[-1]
    assert again.continuation == first.continuation
    assert drafts(model, tokenizer, "My", max_new_tokens=30)[-1].continuation != first.continuation


def test_with_a_beam_width_the_best_text_so_far_is_shown(build, tokenizer):
    model, settings = build(), SampleConfig(max_new_tokens=15, beam_width=3)
    found = list(beam_search(model, tokenizer, "My", settings))
    assert [draft.continuation for draft in write(model, tokenizer, "My", settings)] == ["", *found]


def test_a_stop_string_is_no_part_of_any_draft(build, tokenizer):
    whole = drafts(build(), tokenizer, "My", max_new_tokens=60, seed=3)[-1].continuation
    stop = whole[40:44]
    seen = drafts(build(), tokenizer, "My", max_new_tokens=60, seed=3, stop=stop)
    assert seen[-1].continuation == whole.split(stop)[0]
    assert all(whole.split(stop)[0].startswith(draft.continuation) for draft in seen)


@pytest.mark.parametrize("beam_width", [None, 2])
def test_closing_ends_the_work(build, tokenizer, beam_width):
    model = build()
    reads = []
    model.register_forward_hook(lambda *_: reads.append(1))
    growing = write(model, tokenizer, "My", SampleConfig(max_new_tokens=100, seed=1, beam_width=beam_width))
    for _ in range(3):
        next(growing)
    growing.close()
    assert len(reads) <= 3
    assert list(growing) == []


@pytest.mark.parametrize(
    ("text", "seconds", "said"),
    [
        ("four", 0.5, "4 characters · 0.5 s · 8 a second"),
        ("a", 1.0, "1 character · 1.0 s · 1 a second"),
        ("", 0.0, "0 characters · 0.0 s · 0 a second"),
    ],
)
def test_a_draft_tells_how_much_was_written_and_how_fast(text, seconds, said):
    assert (
        str(Draft(prompt="", continuation=text, sureness="", notes=(), settings=SampleConfig(), seconds=seconds))
        == said
    )


def test_a_stop_text_is_brought_into_known_characters_like_the_prompt(build, tokenizer):
    last = [*write(build(), tokenizer, "My", SampleConfig(max_new_tokens=5, seed=1, stop="é"))][-1]
    assert last.settings.stop == "e"
    assert "In the stop text: Changed é to e." in last.notes
