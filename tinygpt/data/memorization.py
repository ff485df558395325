"""Memorization: which passages of a text occur word for word in the text that a model was trained on.

With the training text, this is a search. Without it, an index of about 3 MB answers: a Bloom filter (Bloom, 1970) that
sets 16 bits for every 30 consecutive characters of the training text. If all 16 bits of 30 characters are set, these
occur in the training text, but for about one in 100,000 of those that do not, with a million characters indexed.

The index does not hide the training text, which can be recovered from it one character at a time: of the characters
that may follow 29 known ones, the right one has its bits set.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tinygpt.data.text_files import open_text, train_length

MIN_LENGTH = 30  # characters; shorter matches are common in any two texts of one language
INDEX = "memorization.npy"
FORMAT_1_INDEX = "memorised.npy"  # its name beside checkpoints of the format "tinygpt 1"

_BYTES = 2_990_000
MAX_INDEX_BYTES = _BYTES + 1000  # of the file of an index, whose header is about 100 bytes long
# What np.save writes before the index. Not np.load, whose parser fails in many ways for other files.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|u1', 'fortran_order': False, 'shape': \(%d,\), *\} *\n" % _BYTES, re.DOTALL
)
_PROBES = 16
_ODD = np.uint64(0x9E3779B97F4A7C15)


def measure_memorization(texts: Sequence[str], training_text: str) -> tuple[str, float]:
    """Find what several texts have in common with the training text.

    Returns the longest span of characters that one of them shares with it, and the fraction of all
    their characters that lie in shared spans. Only spans of at least MIN_LENGTH characters count; the
    result is ("", 0.0) where there is none.
    """
    known = {training_text[i : i + MIN_LENGTH] for i in range(len(training_text) - MIN_LENGTH + 1)}
    longest, covered = "", 0
    for text in texts:
        end = 0  # of the spans found so far: characters in overlapping spans count once
        for i in range(len(text) - MIN_LENGTH + 1):
            if text[i : i + MIN_LENGTH] in known:
                covered += i + MIN_LENGTH - max(i, end)
                end = i + MIN_LENGTH
                size = max(MIN_LENGTH, len(longest) + 1)
                while i + size <= len(text) and text[i : i + size] in training_text:
                    longest = text[i : i + size]
                    size += 1
    return longest, covered / max(1, sum(map(len, texts)))


def build_index(text: str) -> np.ndarray:
    """Build the index of a training text: a Bloom filter as a uint8 array of 2,990,000 bytes."""
    bits = np.zeros(8 * _BYTES, bool)
    for positions in _probes(text):
        bits[positions] = True
    return np.packbits(bits, bitorder="little")


def read_index(folder: Path) -> np.ndarray | None:
    """Read the index in a checkpoint's folder; None if there is none.

    Raises ValueError when the file is not such an index.
    """
    path = next((folder / name for name in (INDEX, FORMAT_1_INDEX) if (folder / name).exists()), None)
    if path is None:
        return None
    header, index = b"", np.zeros(0, np.uint8)
    if path.is_file():
        with path.open("rb") as file:
            header = file.read(10)  # its last two bytes: how much longer it is
            header += file.read(int.from_bytes(header[8:], "little"))
            index = np.fromfile(file, np.uint8, count=_BYTES)
    if not _HEADER.fullmatch(header) or len(index) < _BYTES:
        raise ValueError(f"{path} is not an index of {_BYTES:,} bytes: remove it, or download it again")
    return index


def memorized_spans(index: np.ndarray, text: str) -> list[tuple[int, int]]:
    """The spans of a text that occur in the training text, as (start, end) in order; the end is exclusive.

    Each has at least MIN_LENGTH characters. Spans that overlap or touch are merged.
    """
    return _merged(np.flatnonzero(lookup(index, text)).tolist())


def spans_in_training_text(training_text: str, text: str) -> list[tuple[int, int]]:
    """The spans of a text that occur in the training text, as memorized_spans has them, but without an error."""
    # MIN_LENGTH characters of the training text hold a whole block, if it is divided into blocks of half that length:
    # only around blocks that the text has, too, is there anything to compare.
    half = MIN_LENGTH // 2
    blocks, passages = ({text[i : i + size] for i in range(len(text) - size + 1)} for size in (half, MIN_LENGTH))
    found = {
        passage
        for block in range(0, len(training_text), half)
        if training_text[block : block + half] in blocks
        for start in range(max(0, block - half + 1), block + 1)
        if (passage := training_text[start : start + MIN_LENGTH]) in passages
    }
    return _merged(i for i in range(len(text) - MIN_LENGTH + 1) if text[i : i + MIN_LENGTH] in found)


def read_training_split(path: Path) -> str:
    """The training split of the text in a file. Raises OSError and ValueError for one that cannot be read."""
    text = "".join(open_text(path).chunks())
    return text[: train_length(len(text))]


def lookup(index: np.ndarray, text: str) -> np.ndarray:
    """Whether the training text has the MIN_LENGTH characters of `text` that begin at each position, as booleans."""
    found = np.ones(max(0, len(text) - MIN_LENGTH + 1), bool)
    for positions in _probes(text):
        found &= (index[positions >> 3] >> (positions & 7)) & 1 == 1
    return found


def _merged(starts: Iterable[int]) -> list[tuple[int, int]]:
    """The spans of MIN_LENGTH characters that begin at these positions; those that overlap or touch are merged."""
    spans: list[tuple[int, int]] = []
    for start in starts:
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], start + MIN_LENGTH
        else:
            spans.append((start, start + MIN_LENGTH))
    return spans


def _probes(text: str) -> Iterator[np.ndarray]:
    """Yield, _PROBES times, a bit position for the MIN_LENGTH characters that begin at each position of the text."""
    codes = np.array([ord(character) for character in text], np.uint64)
    count = max(0, len(codes) - MIN_LENGTH + 1)
    hashes = np.zeros(count, np.uint64)
    for i in range(MIN_LENGTH if count else 0):
        hashes = (hashes ^ codes[i : i + count]) * _ODD
        hashes ^= hashes >> np.uint64(29)
    first, step = hashes, (hashes >> np.uint64(32)) | np.uint64(1)
    for i in range(_PROBES):  # two hashes give any number of them (Kirsch and Mitzenmacher, 2006)
        yield ((first + np.uint64(i) * step) % np.uint64(8 * _BYTES)).astype(np.int64)
