"""Datasets: text files or URLs read into one tensor of ids per split, and batches taken from it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from tinygpt.data.decontamination import remove_shared
from tinygpt.data.download import CACHE, DEFAULT_SHA256, DEFAULT_URL, download, is_url
from tinygpt.data.text_files import CORPUS_VARIABLE, open_text, sha256_of, survey, train_length
from tinygpt.data.tokenizer import TextEncoderDecoder


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A text as ids, split without shuffling: the first 90 % for training, the last 10 % for validation."""

    tokenizer: TextEncoderDecoder
    train: Tensor  # (N,), the smallest integer type that holds the ids
    validation: Tensor  # (M,)
    sha256: str  # of the text's bytes
    removed: int = 0  # characters removed from the training text because the validation text has them too


def load_dataset(
    source: str | Path | Sequence[str | Path] = DEFAULT_URL,
    *,
    sha256: str | None = None,
    cache: Path = CACHE,
) -> Dataset:
    """Read a text and split it into training and validation text.

    If the text comes from several files, passages of the validation text that also occur in the
    training text are removed from the training text.

    Args:
        source: a URL or a path, or several of them, whose texts are joined in the order given. The texts are in UTF-8,
            or in UTF-16 with a byte order mark. A pipe is read into memory.
        sha256: the expected hash of the text's bytes. The default corpus is always checked.
        cache: the folder in which downloads are kept.

    Raises ValueError for a text that cannot be trained on or that has another hash, and OSError
    (FileNotFoundError, TimeoutError, ConnectionError) when it cannot be read.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    if sources == [DEFAULT_URL]:
        sha256 = sha256 or DEFAULT_SHA256
        sources = [os.environ.get(CORPUS_VARIABLE) or DEFAULT_URL]
    expected = sha256 if len(sources) == 1 else None
    texts = [download(str(one), expected, cache) if is_url(one) else open_text(one) for one in sources]
    found = sha256_of(texts)
    if sha256 and found != sha256:
        raise ValueError(f"{texts[0].name} is not the expected text: its sha256 is {found}, not {sha256}")
    characters, length = survey(texts)
    tokenizer = TextEncoderDecoder(characters)
    chunks = (chunk for text in texts for chunk in text.chunks())
    train, validation = _split(_encode(chunks, length, tokenizer))
    # A single file is split as it is: its repetitions belong to it, and published losses stay comparable.
    kept = remove_shared(train, validation) if len(texts) > 1 else train
    removed = len(train) - len(kept)
    return Dataset(tokenizer=tokenizer, train=kept, validation=validation, sha256=found, removed=removed)


def dataset_from_text(text: str, sha256: str) -> Dataset:
    """Make a dataset of a text whose bytes have this sha256.

    Raises ValueError when the text has fewer than two different characters.
    """
    tokenizer = TextEncoderDecoder(text)
    if tokenizer.vocab_size < 2:
        raise ValueError(f"the text repeats one character, {tokenizer.vocabulary!r}: there is nothing to learn in it")
    train, validation = _split(_encode([text], len(text), tokenizer))
    return Dataset(tokenizer=tokenizer, train=train, validation=validation, sha256=sha256)


def get_batch(
    data: Tensor, batch_size: int, block_size: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Sample a batch of windows of a split, with replacement.

    Returns the inputs x_BT and the targets y_BT, the ids that follow each of x_BT; both are int64.

    Raises ValueError when the split is not longer than one block.
    """
    return windows(data, random_starts(data, batch_size, block_size, generator), block_size)


def random_starts(data: Tensor, batch_size: int, block_size: int, generator: torch.Generator | None = None) -> Tensor:
    """Sample the first positions of a batch of windows, starts_B. Raises ValueError as get_batch does."""
    check_fits(data, block_size)
    return torch.randint(len(data) - block_size, (batch_size,), generator=generator)


def shuffled_starts(data: Tensor, batch_size: int, block_size: int, step: int, seed: int) -> Tensor:
    """First positions of the windows of batch number `step` (from 0), when every epoch reads the whole split: starts_B.

    Each epoch divides the split into passages of `block_size` characters, beginning at a random offset, and
    reads every passage once in random order. Windows sampled with replacement would read some passages twice
    before others once.

    Raises ValueError as get_batch does.
    """
    check_fits(data, block_size)
    passages = max(1, (len(data) - 1) // block_size - 1)  # per epoch; one fewer than fit leaves room for the offset
    numbers = range(step * batch_size, (step + 1) * batch_size)
    return torch.stack(
        [_epoch_starts(len(data), block_size, passages, seed, n // passages)[n % passages] for n in numbers]
    )


def windows(data: Tensor, starts_B: Tensor, block_size: int) -> tuple[Tensor, Tensor]:
    """The windows of a split at the given positions: inputs x_BT and targets y_BT, the ids that follow each of x_BT."""
    both_BT = data[starts_B[:, None] + torch.arange(block_size + 1)].long()
    return both_BT[:, :-1], both_BT[:, 1:]


def check_fits(data: Tensor, block_size: int) -> None:
    """Raise ValueError unless `data` has at least `block_size` + 1 ids: a block and its last target."""
    if len(data) <= block_size:
        raise ValueError(
            f"the text is too short: a split of it has {len(data):,} characters and one block needs "
            f"{block_size + 1:,}; use a longer text or a smaller block_size"
        )


@lru_cache(maxsize=2)  # a batch may end one epoch and begin the next
def _epoch_starts(length: int, block_size: int, passages: int, seed: int, epoch: int) -> Tensor:
    """The first positions of the passages of an epoch, in its random order."""
    seeds = torch.randint(2**62, (epoch + 1,), generator=torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(int(seeds[epoch]))
    offset = torch.randint(length - passages * block_size, (1,), generator=generator)
    return offset + block_size * torch.randperm(passages, generator=generator)


def _encode(chunks: Iterable[str], length: int, tokenizer: TextEncoderDecoder) -> Tensor:
    """The ids of a text that comes in chunks, in the smallest integer type that holds them."""
    smallest = next(
        t for t in (torch.uint8, torch.int16, torch.int32) if tokenizer.vocab_size - 1 <= torch.iinfo(t).max
    )
    id_of_code = torch.zeros(0x110000, dtype=smallest)  # indexed by Unicode code point
    id_of_code[[ord(c) for c in tokenizer.vocabulary]] = torch.arange(tokenizer.vocab_size, dtype=smallest)
    ids, done = torch.empty(length, dtype=smallest), 0
    for chunk in chunks:
        codes = torch.frombuffer(bytearray(chunk.encode("utf-32-le")), dtype=torch.int32)
        if done + len(codes) <= length:
            ids[done : done + len(codes)] = id_of_code[codes]
        done += len(codes)
    if done != length:
        raise ValueError("the text changed while it was read: start again when it is written to no longer")
    return ids


def _split(ids: Tensor) -> tuple[Tensor, Tensor]:
    cut = train_length(len(ids))
    return ids[:cut], ids[cut:]
