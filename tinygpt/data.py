"""From text files, here or on the web, to one tensor of ids a split and random batches of it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from tinygpt.download import CACHE, CORPUS_VARIABLE, DEFAULT_SHA256, DEFAULT_URL, download, file_sha256
from tinygpt.overlap import without
from tinygpt.tokenizer import TextEncoderDecoder

_PIECE = 1 << 20  # characters read at a time: of a large text, no more than its ids is ever held


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A text as ids, split in order: the first 90 % to train on, the last 10 % to validate."""

    tokenizer: TextEncoderDecoder
    train: Tensor  # (N,), the smallest integer type that holds the ids
    validation: Tensor  # (M,)
    sha256: str  # of the text's bytes
    left_out: int = 0  # characters of the first 90 % that are not trained on, since the last 10 % holds them too


def load_dataset(
    source: str | Path | Sequence[str | Path] = DEFAULT_URL,
    *,
    sha256: str | None = None,
    cache: Path = CACHE,
) -> Dataset:
    """Read a text and split it.

    Of several files that share passages, what came to validate is taken out of what is trained on.

    Args:
        source: a URL or a path, or several whose texts are joined in that order.
        sha256: what the bytes must hash to; known for the default corpus.
        cache: the folder that keeps downloads.

    Raises ValueError for a text that cannot be trained on or has another hash, and OSError
    (FileNotFoundError, TimeoutError, ConnectionError) when it cannot be read.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    if sources == [DEFAULT_URL]:
        sha256 = sha256 or DEFAULT_SHA256
        sources = [os.environ.get(CORPUS_VARIABLE) or DEFAULT_URL]
    paths = [download(one, sha256, cache) if is_url(one) else one for one in sources]
    found = file_sha256(*paths)
    if sha256 and found != sha256:
        raise ValueError(f"{paths[0]} is not the expected text: its sha256 is {found}, not {sha256}")
    characters: set[str] = set()
    length = 0
    for piece in _pieces(paths):
        characters.update(piece)
        length += len(piece)
    tokenizer = TextEncoderDecoder("".join(characters))
    train, validation = _split(_encoded(_pieces(paths), length, tokenizer))
    # One file is split as it is: what it repeats of itself belongs to it, and figures stay comparable.
    kept = without(train, validation) if len(paths) > 1 else train
    left_out = len(train) - len(kept)
    return Dataset(tokenizer=tokenizer, train=kept, validation=validation, sha256=found, left_out=left_out)


def is_url(source: str | Path) -> bool:
    """Whether a source is on the web rather than on this machine."""
    return str(source).startswith(("http://", "https://"))


def split(text: str, sha256: str) -> Dataset:
    """The dataset of a text. Raises ValueError when there is nothing to learn in it."""
    tokenizer = TextEncoderDecoder(text)
    train, validation = _split(_encoded([text], len(text), tokenizer))
    return Dataset(tokenizer=tokenizer, train=train, validation=validation, sha256=sha256)


def get_batch(
    data: Tensor, batch_size: int, block_size: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Random stretches of one split: x_BT, and y_BT, the character that follows each of x's.

    Raises ValueError when the split is not longer than one block.
    """
    return stretches(data, random_starts(data, batch_size, block_size, generator), block_size)


def random_starts(data: Tensor, batch_size: int, block_size: int, generator: torch.Generator | None = None) -> Tensor:
    """Where the stretches of a batch begin, starts_B: anywhere. Raises ValueError as get_batch does."""
    check_fits(data, block_size)
    return torch.randint(len(data) - block_size, (batch_size,), generator=generator)


def shuffled_starts(data: Tensor, batch_size: int, block_size: int, step: int, seed: int) -> Tensor:
    """Where those of batch number `step` begin, from 0, when the split is read over and over: starts_B.

    Each pass cuts the split into blocks, from another place on, and takes every block once, in
    another order. Random stretches would read some passages twice before others once.

    Raises ValueError as get_batch does.
    """
    check_fits(data, block_size)
    blocks = max(1, (len(data) - 1) // block_size - 1)  # of a pass; the one left over gives room for the offset
    numbers = range(step * batch_size, (step + 1) * batch_size)
    return torch.stack([_pass(len(data), block_size, blocks, seed, n // blocks)[n % blocks] for n in numbers])


def stretches(data: Tensor, starts_B: Tensor, block_size: int) -> tuple[Tensor, Tensor]:
    """The batch that begins at these places: x_BT, and y_BT, the character that follows each of x's."""
    both_BT = data[starts_B[:, None] + torch.arange(block_size + 1)].long()
    return both_BT[:, :-1], both_BT[:, 1:]


def check_fits(data: Tensor, block_size: int) -> None:
    """Raise ValueError unless a block and the character after it fit into `data`."""
    if len(data) <= block_size:
        raise ValueError(
            f"the text is too short: a split of it has {len(data):,} characters and one block needs "
            f"{block_size + 1:,}; use a longer text or a smaller --block-size"
        )


@lru_cache(maxsize=2)  # a batch may end one pass and begin the next
def _pass(length: int, block_size: int, blocks: int, seed: int, number: int) -> Tensor:
    """Where the blocks of pass `number` begin, in its order."""
    seeds = torch.randint(2**62, (number + 1,), generator=torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(int(seeds[number]))
    offset = torch.randint(length - blocks * block_size, (1,), generator=generator)
    return offset + block_size * torch.randperm(blocks, generator=generator)


def _pieces(paths: Sequence[str | Path]) -> Iterator[str]:
    """The files' texts one after the other, piece by piece, with plain line ends."""
    for path in paths:
        blank = True
        with open(path, encoding="utf-8-sig") as file:
            try:
                while piece := file.read(_PIECE):
                    if "\0" in piece:
                        raise ValueError(f"{path} is binary: it holds NUL bytes; give a plain text file")
                    blank = blank and piece.isspace()
                    yield piece
            except UnicodeDecodeError as error:
                byte = file.buffer.tell() - len(error.object) + error.start
                raise ValueError(f"{path} is not UTF-8 text ({error.reason} at byte {byte:,})") from None
        if blank:
            raise ValueError(f"{path} is empty: there is nothing to learn in it")


def _encoded(pieces: Iterable[str], length: int, tokenizer: TextEncoderDecoder) -> Tensor:
    if tokenizer.vocab_size < 2:
        raise ValueError(f"the text repeats one character, {tokenizer.vocabulary!r}: there is nothing to learn in it")
    smallest = next(
        t for t in (torch.uint8, torch.int16, torch.int32) if tokenizer.vocab_size - 1 <= torch.iinfo(t).max
    )
    ids_by_code = torch.zeros(0x110000, dtype=smallest)  # one place for every character of Unicode
    ids_by_code[[ord(c) for c in tokenizer.vocabulary]] = torch.arange(tokenizer.vocab_size, dtype=smallest)
    ids, done = torch.empty(length, dtype=smallest), 0
    for piece in pieces:
        codes = torch.frombuffer(bytearray(piece.encode("utf-32-le")), dtype=torch.int32)
        ids[done : done + len(codes)] = ids_by_code[codes]
        done += len(codes)
    return ids


def _split(ids: Tensor) -> tuple[Tensor, Tensor]:
    cut = int(0.9 * len(ids))
    return ids[:cut], ids[cut:]
