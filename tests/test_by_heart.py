"""by_heart.py: what of a text the training text has, told without the training text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.by_heart import INDEX, build_index, held, read_index, stretches
from tinygpt.memorised import SHORTEST


@pytest.fixture(scope="module")
def index(text: str) -> np.ndarray:
    return build_index(text)


def test_a_stretch_of_the_training_text_is_found_wherever_it_stands(index, text):
    for length in (30, 31, 80):
        for first in (0, 17, len(text) - length):
            quoted = text[first : first + length]
            assert stretches(index, f"@@@@{quoted}@@@@") == [(4, 4 + length)]


def test_what_is_shorter_is_not(index, text):
    assert stretches(index, text[100:129]) == []
    assert stretches(index, "@".join(text[i : i + 29] for i in range(0, 300, 29))) == []
    assert stretches(index, "") == []


def test_stretches_that_overlap_or_touch_are_one(index, text):
    assert stretches(index, text) == [(0, len(text))]
    assert stretches(index, text[:40] + "@" + text[200:230]) == [(0, 40), (41, 71)]


@given(found=st.text("abt ,e", min_size=30, max_size=200))
def test_what_it_does_not_hold_is_almost_never_found(index, text, found):
    known = {text[i : i + SHORTEST] for i in range(len(text) - SHORTEST + 1)}
    for i, there in enumerate(held(index, found)):
        assert not there or found[i : i + SHORTEST] in known


def test_the_index_is_small_and_read_strictly(index, tmp_path):
    assert read_index(tmp_path) is None
    np.save(tmp_path / INDEX, index)
    assert (tmp_path / INDEX).stat().st_size <= 3_000_000
    assert np.array_equal(read_index(tmp_path), index)
    for content in (b"", b"<html>", b"\x80\x04N."):
        (tmp_path / INDEX).write_bytes(content)
        with pytest.raises(ValueError, match=r"memorised\.npy is no index"):
            read_index(tmp_path)
    np.save(tmp_path / INDEX, index[:-1])
    with pytest.raises(ValueError, match="is no index of"):
        read_index(tmp_path)
