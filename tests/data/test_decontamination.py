"""Decontamination: passages that two texts share are removed from one of them."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.data import decontamination
from tinygpt.data.decontamination import WINDOW, remove_shared


def noise(length: int, seed: int) -> torch.Tensor:
    """Random ids, which share no long passage with others."""
    return torch.randint(200, (length,), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_a_text_that_shares_nothing_is_unchanged():
    assert torch.equal(remove_shared(noise(3000, 1), noise(500, 2)), noise(3000, 1))


@given(st.integers(0, 300), st.integers(2 * WINDOW - 1, 700), st.integers(0, 1000))
def test_a_shared_passage_is_removed_to_the_character(start, length, position):
    mine, other = noise(1000, 1), noise(1000, 2)
    shared = other[start : start + length]
    text = torch.cat([mine[:position], shared, mine[position:]])
    rest = remove_shared(text, other)
    # The characters at its ends may be equal by chance.
    assert len(mine) - 4 <= len(rest) <= len(mine)
    assert torch.equal(rest[: max(0, position - 4)], mine[: max(0, position - 4)])


def test_passages_are_found_across_the_borders_of_chunks(monkeypatch):
    monkeypatch.setattr(decontamination, "_CHUNK", 256)
    mine, other = noise(2000, 1), noise(3000, 2)
    text = torch.cat([mine[:1000], other[200:1200], mine[1000:], other[2000:2127]])
    assert abs(len(remove_shared(text, other)) - len(mine)) <= 4


def test_nothing_remains_of_a_text_that_the_other_contains():
    assert len(remove_shared(noise(900, 1), noise(1000, 1))) == 0


def test_shorter_shared_passages_stay():
    other = noise(1000, 2)
    text = torch.cat([noise(300, 1), other[1 : 1 + WINDOW - 1], noise(300, 3)])
    assert torch.equal(remove_shared(text, other), text)
    assert torch.equal(remove_shared(noise(10, 1), other), noise(10, 1))
    assert torch.equal(remove_shared(text, other[:10]), text)


def test_windows_of_equal_hashes_but_different_characters_stay(monkeypatch):
    monkeypatch.setattr(
        decontamination, "_hashes", lambda text: torch.zeros(*text.shape[:-1], text.shape[-1] - WINDOW + 1).long()
    )
    assert torch.equal(remove_shared(noise(500, 1), noise(500, 2)), noise(500, 1))
