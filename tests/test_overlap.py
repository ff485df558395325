"""overlap.py: passages that two texts share."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import overlap
from tinygpt.overlap import WINDOW, without


def noise(length: int, seed: int) -> torch.Tensor:
    """A text that repeats nothing."""
    return torch.randint(200, (length,), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_texts_that_share_nothing_stay_as_they_are():
    assert torch.equal(without(noise(3000, 1), noise(500, 2)), noise(3000, 1))


@given(st.integers(0, 300), st.integers(2 * WINDOW - 1, 700), st.integers(0, 1000))
def test_a_shared_passage_is_taken_out_to_the_character(start, length, place):
    mine, other = noise(1000, 1), noise(1000, 2)
    shared = other[start : start + length]
    text = torch.cat([mine[:place], shared, mine[place:]])
    left = without(text, other)
    # At its ends a character more may agree by chance.
    assert len(mine) - 4 <= len(left) <= len(mine)
    assert torch.equal(left[: place - 4 if place > 4 else 0], mine[: place - 4 if place > 4 else 0])


def test_passages_are_found_across_the_chunks_that_are_compared_at_a_time(monkeypatch):
    monkeypatch.setattr(overlap, "_CHUNK", 256)
    mine, other = noise(2000, 1), noise(3000, 2)
    text = torch.cat([mine[:1000], other[200:1200], mine[1000:], other[2000:2127]])
    assert abs(len(without(text, other)) - len(mine)) <= 4


def test_a_text_that_is_wholly_in_the_other_leaves_nothing():
    assert len(without(noise(900, 1), noise(1000, 1))) == 0


def test_what_is_shorter_than_a_passage_stays():
    other = noise(1000, 2)
    text = torch.cat([noise(300, 1), other[1 : 1 + WINDOW - 1], noise(300, 3)])
    assert torch.equal(without(text, other), text)
    assert torch.equal(without(noise(10, 1), other), noise(10, 1))
    assert torch.equal(without(text, other[:10]), text)


def test_one_hash_for_two_windows_is_no_reason_to_take_anything_out(monkeypatch):
    monkeypatch.setattr(
        overlap, "_hashes", lambda text: torch.zeros(*text.shape[:-1], text.shape[-1] - WINDOW + 1).long()
    )
    assert torch.equal(without(noise(500, 1), noise(500, 2)), noise(500, 1))
