"""Downloading a text: complete and verified, or not at all."""

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
_HOME = Path(os.path.expanduser("~"))  # stays "~" for a user without a home, as in some containers
CACHE = (_HOME if _HOME.is_absolute() else Path(tempfile.gettempdir())) / ".cache" / "tinygpt"
# The environment variable that names a local copy of the default corpus, used instead of a download.
CORPUS_VARIABLE = "TINYGPT_CORPUS"

_STALL = 5.0  # seconds without a byte
_DEADLINE = 45.0  # seconds for the whole download
_MAX_BYTES = 500_000_000


def download(url: str, sha256: str | None, cache: Path) -> Path:
    """Return the path of a copy of `url` in the folder `cache`, downloading it if it is not there yet.

    An incomplete file, or one whose hash is not `sha256`, is never kept. Raises ValueError for a wrong
    hash or more than 500 MB, TimeoutError after 45 seconds in all or 5 without a byte, and
    ConnectionError for any other failure.
    """
    target = cache / (sha256 or hashlib.sha256(url.encode()).hexdigest())
    if target.exists() and sha256 in (None, file_sha256(target)):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    for partial in cache.glob(".download-*"):
        with suppress(FileNotFoundError):  # another process may have finished it just now
            if time.time() - partial.stat().st_mtime > 2 * _DEADLINE:  # its download was killed
                partial.unlink()
    remedy = (
        "check the connection, or download it by other means and give the path of the file "
        f"(for the default text, in {CORPUS_VARIABLE})"
    )
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
            reason = " ".join(str(error).split())[:200]  # it may quote what the server sent
            raise ConnectionError(f"{url} could not be downloaded ({reason}); {remedy}") from error
        finally:
            part.close()
            Path(part.name).unlink(missing_ok=True)
    return target


def _fetch(url: str, file) -> str:
    """Download `url` into an open file, within the time and size allowed, and return its sha256."""
    digest, size, end = hashlib.sha256(), 0, time.monotonic() + _DEADLINE
    with urllib.request.urlopen(url, timeout=_STALL) as response:
        while chunk := response.read1(65_536):
            size += len(chunk)
            if time.monotonic() > end:
                raise TimeoutError
            if size > _MAX_BYTES:
                raise ValueError(f"{url} is larger than {_MAX_BYTES:,} bytes; nothing was kept")
            digest.update(chunk)
            file.write(chunk)
        expected = response.headers.get("Content-Length")
        if expected and size < int(expected):
            raise ConnectionError(f"cut off after {size:,} of {int(expected):,} bytes")
    return digest.hexdigest()


def file_sha256(*paths: str | Path) -> str:
    """The sha256 of the files' bytes, joined in order. Raises OSError naming the file that cannot be read."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            reason = f"{path} cannot be read ({error.strerror}): check the path, or {CORPUS_VARIABLE} if it names it"
            raise type(error)(reason) from None
    return digest.hexdigest()
