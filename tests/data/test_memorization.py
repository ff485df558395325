"""Memorization: passages that a text shares with the training text, found in that text or in its index."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt.data.memorization import (
    FORMAT_1_INDEX,
    INDEX,
    MIN_LENGTH,
    build_index,
    lookup,
    measure_memorization,
    memorized_spans,
    read_index,
    read_training_split,
    spans_in_training_text,
)

TRAINING = "It is the east, and Juliet is the sun. Arise, fair sun, and kill the envious moon, who is already sick."


@pytest.fixture(scope="module")
def index(text: str) -> np.ndarray:
    return build_index(text)


# With the training text


@pytest.mark.parametrize(
    ("texts", "training_text"),
    [
        (["Nothing in here was ever written by anybody else, as far as I can see."], TRAINING),
        (["", TRAINING[: MIN_LENGTH - 1]], TRAINING),
        ([], TRAINING),
        (["a"], "ab"),
    ],
    ids=["unrelated", "shorter", "no texts", "short training text"],
)
def test_a_text_that_shares_no_span_is_not_memorized(texts, training_text):
    assert measure_memorization(texts, training_text) == ("", 0.0)


def test_a_span_counts_from_thirty_characters_on():
    shortest = TRAINING[5 : 5 + MIN_LENGTH]
    fraction = MIN_LENGTH / (MIN_LENGTH + 6)
    assert measure_memorization([f"###{shortest}###"], TRAINING) == (shortest, pytest.approx(fraction))


def test_the_longest_span_is_reported_whole_and_overlaps_count_once():
    one, two = TRAINING[:40], TRAINING[20:95]
    text = f"{one}###{two}"
    assert measure_memorization([text, one], TRAINING) == (two, pytest.approx((40 + 75 + 40) / (len(text) + 40)))


def test_the_training_text_itself_is_memorized_whole():
    assert measure_memorization([TRAINING], TRAINING) == (TRAINING, 1.0)


@given(data=st.data())
def test_spans_are_those_whose_thirty_characters_all_occur_in_the_training_text(data):
    training_text = data.draw(st.text("ab", max_size=200)) + TRAINING
    parts = st.one_of(
        st.text("ab#", max_size=40),
        st.builds(lambda start, size: training_text[start : start + size], st.integers(0, 250), st.integers(0, 60)),
    )
    text = "".join(data.draw(st.lists(parts, max_size=6)))
    covered = set()
    for first in range(len(text) - MIN_LENGTH + 1):
        if text[first : first + MIN_LENGTH] in training_text:
            covered.update(range(first, first + MIN_LENGTH))
    spans = spans_in_training_text(training_text, text)
    assert [each for span in spans for each in range(*span)] == sorted(covered)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


def test_only_what_is_learned_of_a_text_counts(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + b"0123456789\r\n" * 10)
    assert read_training_split(tmp_path / "a.txt") == ("0123456789\n" * 10)[:99]


# With the index alone


def test_a_span_of_the_training_text_is_found_to_the_character(index, text):
    for length in (30, 31, 80):
        for first in (0, 17, len(text) - length):
            quoted = text[first : first + length]
            assert memorized_spans(index, f"@@@@{quoted}@@@@") == [(4, 4 + length)]


def test_a_shorter_span_is_not_found(index, text):
    assert memorized_spans(index, text[100:129]) == []
    assert memorized_spans(index, "@".join(text[i : i + 29] for i in range(0, 300, 29))) == []
    assert memorized_spans(index, "") == []


def test_spans_that_overlap_or_touch_are_merged(index, text):
    assert memorized_spans(index, text) == [(0, len(text))]
    assert memorized_spans(index, text[:40] + "@" + text[200:230]) == [(0, 40), (41, 71)]


@given(other=st.text("abt ,e", min_size=30, max_size=200))
def test_characters_that_the_training_text_lacks_are_almost_never_found(index, text, other):
    known = {text[i : i + MIN_LENGTH] for i in range(len(text) - MIN_LENGTH + 1)}
    for i, found in enumerate(lookup(index, other)):
        assert not found or other[i : i + MIN_LENGTH] in known


# The index as a file


def test_an_index_of_at_most_three_megabytes_is_read_back(index, tmp_path):
    assert read_index(tmp_path) is None
    np.save(tmp_path / INDEX, index)
    assert (tmp_path / INDEX).stat().st_size <= 3_000_000
    assert np.array_equal(read_index(tmp_path), index)


def test_an_index_is_found_under_the_name_of_the_first_format_too(index, tmp_path):
    with (tmp_path / FORMAT_1_INDEX).open("wb") as file:
        np.save(file, index)
    assert np.array_equal(read_index(tmp_path), index)
    np.save(tmp_path / INDEX, np.zeros_like(index))
    assert not read_index(tmp_path).any()  # the current name comes first


@pytest.mark.parametrize("name", [INDEX, FORMAT_1_INDEX])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\x80\x04N.",
        b"PK\x05\x06" + bytes(18),
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x02\x00\x00",
        b"\x93NUMPY\x01\x00v\x00{((",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|,1', 'fortran_order': False, 'shape': (2990000,), }\n",
    ],
    ids=["empty", "html", "pickle", "zip", "no header", "another version", "no end", "no type"],
)
def test_another_kind_of_file_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is not an index of"):
        read_index(tmp_path)


def test_a_folder_in_place_of_an_index_is_refused_by_name(tmp_path):
    (tmp_path / INDEX).mkdir()
    with pytest.raises(ValueError, match=f"{INDEX} is not an index of"):
        read_index(tmp_path)


def test_an_index_with_a_damaged_header_is_refused_or_read_whole(tmp_path):
    path, change = tmp_path / INDEX, random.Random(1)
    with path.open("wb") as file:
        np.save(file, np.zeros(2_990_000, np.uint8))
    header = path.read_bytes()[:128]
    for _ in range(300):
        damaged = bytearray(header)
        damaged[change.randrange(128)] = change.choice([*b"([{}])'\",:0L# \n\\\0", change.randrange(256)])
        with path.open("r+b") as file:
            file.write(damaged)
        try:
            assert len(read_index(tmp_path)) == 2_990_000
        except ValueError as refused:
            assert "is not an index of" in str(refused)  # noqa: PT017


def test_an_index_of_another_size_or_type_is_refused(index, tmp_path):
    path = tmp_path / INDEX
    for other in (index[:-1], index.view(np.int8), index.reshape(2, -1), np.array([{}])):
        np.save(path, other)
        with pytest.raises(ValueError, match="is not an index of"):
            read_index(tmp_path)
    np.save(path, index)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is not an index of"):
        read_index(tmp_path)
