"""Decontamination: removing from a training text the passages that the validation text has too."""

from collections.abc import Iterator

import torch
from torch import Tensor

WINDOW = 64  # characters that are hashed together, a power of two
_CHUNK = 1 << 20  # characters hashed at a time
_BASE = 0x5DEECE66D  # odd, so that its powers modulo 2^64 never become zero


def remove_shared(text: Tensor, other: Tensor) -> Tensor:
    """Remove from `text` every passage of at least 2 * WINDOW - 1 characters that also occurs in `other`.

    Both are 1-D tensors of ids of one vocabulary. Returns the rest of `text`, joined.

    The windows of `text` at every position are compared with those of `other` at multiples of
    WINDOW, by a rolling hash (Karp and Rabin, 1987): a shared passage of that length contains at least
    one of the latter whole. Each match is then extended in both directions, character by character,
    so that what is removed is exactly what is shared.
    """
    parts, end = [], 0
    for first, last in _shared_passages(text, other):
        if last > end:
            parts.append(text[end : max(first, end)])
            end = last
    return torch.cat([*parts, text[end:]]) if parts else text


def _shared_passages(text: Tensor, other: Tensor) -> Iterator[tuple[int, int]]:
    """Yield the shared passages as (start, end) in `text`, in order; the end is exclusive."""
    windows = other[: len(other) // WINDOW * WINDOW].view(-1, WINDOW)
    keys = torch.cat([_hashes(rows).flatten() for rows in windows.split(_CHUNK // WINDOW)])
    positions = {key: WINDOW * i for i, key in enumerate(keys.tolist())}
    end = 0
    for start in range(0, len(text), _CHUNK):
        hashes = _hashes(text[start : start + _CHUNK + WINDOW - 1])
        for i in torch.isin(hashes, keys).nonzero().flatten().tolist():
            here = start + i
            if here < end:
                continue  # inside the passage found last
            there = positions[int(hashes[i])]
            after = _common_prefix(text[here:], other[there:])
            if after >= WINDOW:  # otherwise only the hashes are equal
                # A whole shared window before this one would have been a match of its own.
                before = _common_prefix(
                    text[max(0, here - WINDOW) : here].flip(0), other[max(0, there - WINDOW) : there].flip(0)
                )
                end = here + after
                yield here - before, end


def _hashes(text: Tensor) -> Tensor:
    """Hash the window at each position of the last dimension: the sum of (id + 1) * base^i, i counted from its end."""
    hashes, factor = text.long() + 1, _BASE
    for doubling in range(WINDOW.bit_length() - 1):
        half = 1 << doubling  # two adjacent windows of this length make one of twice the length
        hashes = hashes[..., :-half] * factor + hashes[..., half:]
        factor = (factor * factor + 2**63) % 2**64 - 2**63  # wrapped to a signed 64-bit integer
    return hashes


def _common_prefix(a: Tensor, b: Tensor) -> int:
    """The length of the longest common prefix of two texts."""
    length, step = 0, 4 * WINDOW
    while True:
        n = min(step, len(a) - length, len(b) - length)
        different = (a[length : length + n] != b[length : length + n]).nonzero()
        if len(different):
            return length + int(different[0])
        length += n
        if n < step:
            return length
        step *= 2
