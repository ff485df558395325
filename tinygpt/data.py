"""From a text file, here or on the web, to one tensor of ids a split and random batches of it."""

import hashlib
import http.client
import os
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tinygpt.tokenizer import TextEncoderDecoder

DEFAULT_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
DEFAULT_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
CACHE = Path.home() / ".cache" / "tinygpt"
# A file that stands in for the download: for machines without internet.
CORPUS_VARIABLE = "TINYGPT_CORPUS"

_STALL = 5.0  # seconds without a byte
_DEADLINE = 45.0  # seconds for the whole download
_MAX_BYTES = 500_000_000


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A text as ids, split in order: the first 90 % to train on, the last 10 % to validate."""

    tokenizer: TextEncoderDecoder
    train: Tensor  # (N,), the smallest integer type that holds the ids
    validation: Tensor  # (M,)
    sha256: str  # of the text's bytes


def load_dataset(
    source: str | Path | Sequence[str | Path] = DEFAULT_URL,
    *,
    sha256: str | None = None,
    cache: Path = CACHE,
) -> Dataset:
    """Read a text and split it.

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
    contents = [_content(path) for path in paths]
    found = hashlib.sha256(b"".join(contents)).hexdigest()
    if sha256 and found != sha256:
        raise ValueError(f"{paths[0]} is not the expected text: its sha256 is {found}, not {sha256}")
    return split("".join(map(_decoded, contents, paths)), found)


def is_url(source: str | Path) -> bool:
    """Whether a source is on the web rather than on this machine."""
    return str(source).startswith(("http://", "https://"))


def split(text: str, sha256: str) -> Dataset:
    """The dataset of a text. Raises ValueError when there is nothing to learn in it."""
    tokenizer = TextEncoderDecoder(text)
    if tokenizer.vocab_size < 2:
        raise ValueError(f"the text repeats one character, {text[0]!r}: there is nothing to learn in it")
    smallest = next(t for t in (torch.uint8, torch.int16, torch.int32) if tokenizer.vocab_size <= torch.iinfo(t).max)
    ids = torch.tensor(tokenizer.encode(text), dtype=smallest)
    cut = int(0.9 * len(ids))
    return Dataset(tokenizer=tokenizer, train=ids[:cut], validation=ids[cut:], sha256=sha256)


def get_batch(
    data: Tensor, batch_size: int, block_size: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Random stretches of one split: x_BT, and y_BT, the character that follows each of x's.

    Raises ValueError when the split is not longer than one block.
    """
    check_fits(data, block_size)
    starts_B = torch.randint(len(data) - block_size, (batch_size,), generator=generator)
    stretches_BT = data[starts_B[:, None] + torch.arange(block_size + 1)].long()
    return stretches_BT[:, :-1], stretches_BT[:, 1:]


def check_fits(data: Tensor, block_size: int) -> None:
    """Raise ValueError unless a block and the character after it fit into `data`."""
    if len(data) <= block_size:
        raise ValueError(
            f"the text is too short: a split of it has {len(data):,} characters and one block needs "
            f"{block_size + 1:,}; use a longer text or a smaller --block-size"
        )


def download(url: str, sha256: str | None, cache: Path) -> Path:
    """The path of a cached copy of `url`, fetched if it is not there yet.

    Nothing half-downloaded or of another hash is ever kept. Raises ValueError for a wrong hash
    or size, TimeoutError after 45 seconds, ConnectionError for everything else.
    """
    target = cache / (sha256 or hashlib.sha256(url.encode()).hexdigest())
    if target.exists() and sha256 in (None, hashlib.sha256(target.read_bytes()).hexdigest()):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    remedy = f"check the connection, or download it by other means and set {CORPUS_VARIABLE} or --data to the file"
    with tempfile.NamedTemporaryFile(dir=cache, prefix=".download-", delete=False) as part:
        try:
            found = _fetch(url, part)
            if sha256 and found != sha256:
                raise ValueError(f"{url} gave a text of sha256 {found}, not {sha256}; nothing was kept, {remedy}")
            part.close()
            os.replace(part.name, target)
        except TimeoutError as error:
            raise TimeoutError(f"{url} did not arrive in time; {remedy}") from error
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionError(f"{url} could not be downloaded ({error}); {remedy}") from error
        finally:
            part.close()
            Path(part.name).unlink(missing_ok=True)
    return target


def _fetch(url: str, file) -> str:
    """Write what `url` answers into `file` and return its sha256, within the time and size allowed."""
    digest, size, end = hashlib.sha256(), 0, time.monotonic() + _DEADLINE
    with urllib.request.urlopen(url, timeout=_STALL) as answer:
        while chunk := answer.read1(65_536):
            size += len(chunk)
            if time.monotonic() > end:
                raise TimeoutError
            if size > _MAX_BYTES:
                raise ValueError(f"{url} is larger than {_MAX_BYTES:,} bytes; nothing was kept")
            digest.update(chunk)
            file.write(chunk)
        expected = answer.headers.get("Content-Length")
        if expected and size < int(expected):
            raise ConnectionError(f"cut off after {size:,} of {int(expected):,} bytes")
    return digest.hexdigest()


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror}): check the path in --data or {CORPUS_VARIABLE}"
        raise type(error)(reason) from None


def _decoded(content: bytes, path: str | Path) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start:,})") from None
    if "\0" in text:
        raise ValueError(f"{path} is binary: it holds NUL bytes; give a plain text file")
    if not text.strip():
        raise ValueError(f"{path} is empty: there is nothing to learn in it")
    return text.replace("\r\n", "\n").replace("\r", "\n")
