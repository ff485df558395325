"""Passages that two texts share."""

from collections.abc import Iterator

import torch
from torch import Tensor

WINDOW = 64  # characters, a power of two
_CHUNK = 1 << 20  # characters compared at a time
_BASE = 0x5DEECE66D  # odd, so that no power of it is lost where 64 bits run over


def without(text: Tensor, other: Tensor) -> Tensor:
    """`text` without the passages of at least 2 x 64 - 1 characters that also stand in `other`.

    Every 64th window of `other` is looked up among all windows of `text`, by a rolling hash (Karp
    and Rabin, 1987): a passage of that length covers at least one of them whole. It is then
    followed both ways, character by character, so that what is cut out is exactly what is shared.
    """
    parts, end = [], 0
    for first, last in _shared(text, other):
        if last > end:
            parts.append(text[end : max(first, end)])
            end = last
    return torch.cat([*parts, text[end:]]) if parts else text


def _shared(text: Tensor, other: Tensor) -> Iterator[tuple[int, int]]:
    """First and last + 1 of the shared passages, in the order of `text`."""
    windows = other[: len(other) // WINDOW * WINDOW].view(-1, WINDOW)
    keys = torch.cat([_hashes(some).flatten() for some in windows.split(_CHUNK // WINDOW)])
    places = {key: WINDOW * i for i, key in enumerate(keys.tolist())}
    end = 0
    for start in range(0, len(text), _CHUNK):
        hashes = _hashes(text[start : start + _CHUNK + WINDOW - 1])
        for i in torch.isin(hashes, keys).nonzero().flatten().tolist():
            here = start + i
            if here < end:
                continue  # within the passage that was just followed
            there = places[int(hashes[i])]
            after = _alike(text[here:], other[there:])
            if after >= WINDOW:  # and not merely of the same hash
                # A whole window before would have been found by itself.
                before = _alike(
                    text[max(0, here - WINDOW) : here].flip(0), other[max(0, there - WINDOW) : there].flip(0)
                )
                end = here + after
                yield here - before, end


def _hashes(text: Tensor) -> Tensor:
    """A hash of the window that begins at each place: the sum of id * base^i, i counted from its end."""
    hashes, factor = text.long() + 1, _BASE
    for doubling in range(WINDOW.bit_length() - 1):
        half = 1 << doubling  # two neighbouring windows of this size make one of twice the size
        hashes = hashes[..., :-half] * factor + hashes[..., half:]
        factor = (factor * factor + 2**63) % 2**64 - 2**63  # as 64 bits hold it
    return hashes


def _alike(a: Tensor, b: Tensor) -> int:
    """How many characters two texts have in common from their beginning."""
    alike, step = 0, 4 * WINDOW
    while True:
        n = min(step, len(a) - alike, len(b) - alike)
        unlike = (a[alike : alike + n] != b[alike : alike + n]).nonzero()
        if len(unlike):
            return alike + int(unlike[0])
        alike += n
        if n < step:
            return alike
        step *= 2
