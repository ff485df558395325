"""What a text has word for word from the training text, told without the training text.

Of every stretch of 30 characters that was trained on, 16 bits of a large field are set (a Bloom filter, 1970).
A stretch whose bits are all set was almost certainly there: of those that were not, one in about 100,000
is taken for one that was, with a million characters of training text. The text cannot be read out of the field.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinygpt.memorised import SHORTEST

INDEX = "memorised.npy"

_BYTES = 2_990_000
_PROBES = 16
_ODD = np.uint64(0x9E3779B97F4A7C15)


def build_index(text: str) -> np.ndarray:
    """The field for a training text: uint8, less than 3 MB."""
    bits = np.zeros(8 * _BYTES, bool)
    for places in _probes(text):
        bits[places] = True
    return np.packbits(bits, bitorder="little")


def read_index(folder: Path) -> np.ndarray | None:
    """The field beside a checkpoint, None where there is none. Raises ValueError for another kind of file."""
    path = folder / INDEX
    try:
        field = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        return None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no index ({error}); remove it, or fetch it again") from None
    if field.dtype != np.uint8 or field.shape != (_BYTES,):
        raise ValueError(f"{path} is no index of {_BYTES:,} bytes; remove it, or fetch it again")
    return field


def stretches(field: np.ndarray, text: str) -> list[tuple[int, int]]:
    """Where a text agrees with the training text for 30 characters or more: first place, and the one after the last."""
    found: list[tuple[int, int]] = []
    for first in np.flatnonzero(held(field, text)).tolist():
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], first + SHORTEST
        else:
            found.append((first, first + SHORTEST))
    return found


def held(field: np.ndarray, text: str) -> np.ndarray:
    """For each stretch of 30 characters of a text, in order, whether the training text has it."""
    there = np.ones(max(0, len(text) - SHORTEST + 1), bool)
    for places in _probes(text):
        there &= (field[places >> 3] >> (places & 7)) & 1 == 1
    return there


def _probes(text: str) -> Iterator[np.ndarray]:
    """Sixteen times the number of a bit for each stretch of the text, in order."""
    codes = np.array([ord(character) for character in text], np.uint64)
    count = max(0, len(codes) - SHORTEST + 1)
    hashes = np.zeros(count, np.uint64)
    for i in range(SHORTEST if count else 0):
        hashes = (hashes ^ codes[i : i + count]) * _ODD
        hashes ^= hashes >> np.uint64(29)
    first, step = hashes, (hashes >> np.uint64(32)) | np.uint64(1)
    for i in range(_PROBES):  # two hashes do for any number (Kirsch and Mitzenmacher, 2006)
        yield ((first + np.uint64(i) * step) % np.uint64(8 * _BYTES)).astype(np.int64)
