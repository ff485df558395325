"""Checks of what a reader is asked for, the same for every engine.

Compiled code reads and writes memory wherever its arguments point, so these are exceptions, never assertions.
"""

import numpy as np

from tinygpt.config import GPTConfig, SampleConfig


def check_batch(batch: int) -> None:
    """Raise ValueError unless `batch`, a number of rows, is at least 1."""
    if batch < 1:
        raise ValueError(f"a reader has at least 1 row, not {batch}")


def checked_ids(config: GPTConfig, rows: list[list[int]], *, batch: int, length: int) -> np.ndarray:
    """The ids to read in a window of which `length` positions are in use: int64, ids_BN.

    Raises ValueError if they are not `batch` rows of equal length, not in the vocabulary, or do not fit.
    """
    if len(rows) != batch:
        raise ValueError(f"this reader has {batch} rows, but {len(rows)} were given: pass one list of ids per row")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"rows must have equal lengths, not {', '.join(str(len(row)) for row in rows):.80}")
    ids_BN = np.array(rows)
    if not ids_BN.size:
        raise ValueError("there are no ids to read: pass at least one per row, such as that of a newline")
    if ids_BN.dtype.kind not in "iu" or ids_BN.min() < 0 or ids_BN.max() >= config.vocab_size:
        raise ValueError(
            f"ids must be whole numbers from 0 to {config.vocab_size - 1}, the vocabulary, not {rows!r:.80}"
        )
    N = ids_BN.shape[1]
    if length and N > 1:
        raise ValueError(f"after the start of a window ids are read one at a time, not {N}")
    _check_room(config, length + N)
    return ids_BN.astype(np.int64)


def check_write(config: GPTConfig, count: int, settings: SampleConfig, *, batch: int, length: int) -> None:
    """Raise ValueError unless `count` ids can be sampled in a window of which `length` positions are then in use.

    The last of them need not fit, because it is not read.
    """
    if batch != 1:
        raise ValueError(f"only a reader of 1 row can write, not one of {batch}: read and sample its rows instead")
    if count < 1:
        raise ValueError(f"at least 1 id must be sampled, not {count}")
    if settings.seed is None:
        raise ValueError("the settings have no seed: pass settings.seeded()")
    settings.check_vocabulary(config.vocab_size)
    _check_room(config, length + count - 1)


def check_rows(rows: list[int], *, batch: int) -> None:
    """Raise ValueError unless `rows` is a selection of at least one of `batch` rows."""
    if not rows or min(rows) < 0 or max(rows) >= batch:
        raise ValueError(f"rows to select must be numbers from 0 to {batch - 1}, at least one, not {rows!r:.80}")


def _check_room(config: GPTConfig, length: int) -> None:
    if length > config.block_size:
        raise ValueError(
            f"the window has {config.block_size} positions, not {length}: call clear() and read the last ids again"
        )
