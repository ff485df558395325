"""Fetching a text from the web: whole and verified, or not at all."""

import hashlib
import http.client
import os
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

DEFAULT_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
DEFAULT_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
CACHE = Path.home() / ".cache" / "tinygpt"
# A file that stands in for the download: for machines without internet.
CORPUS_VARIABLE = "TINYGPT_CORPUS"

_STALL = 5.0  # seconds without a byte
_DEADLINE = 45.0  # seconds for the whole download
_MAX_BYTES = 500_000_000


def download(url: str, sha256: str | None, cache: Path) -> Path:
    """The path of a cached copy of `url`, fetched if it is not there yet.

    Nothing half-downloaded or of another hash is ever kept. Raises ValueError for a wrong hash
    or size, TimeoutError after 45 seconds, ConnectionError for everything else.
    """
    target = cache / (sha256 or hashlib.sha256(url.encode()).hexdigest())
    if target.exists() and sha256 in (None, file_sha256(target)):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    for left_over in cache.glob(".download-*"):  # of a download that was killed, not one that still runs
        with suppress(FileNotFoundError):  # one under way may be done by now
            if time.time() - left_over.stat().st_mtime > 2 * _DEADLINE:
                left_over.unlink()
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


def file_sha256(*paths: str | Path) -> str:
    """The hash of the files' bytes, one after the other. Raises OSError naming the file it cannot read."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        except OSError as error:
            reason = f"{path} cannot be read ({error.strerror}): check the path in --data or {CORPUS_VARIABLE}"
            raise type(error)(reason) from None
    return digest.hexdigest()
