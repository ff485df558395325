"""Downloading a text: complete, verified and fit to train on, or not at all."""

import hashlib
import http.client
import os
import re
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit, urlunsplit

from tinygpt.background import in_background
from tinygpt.data.text_files import CORPUS_VARIABLE, TextFileError, TextSource, sha256_of, survey
from tinygpt.system.atomic import replace

DEFAULT_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
DEFAULT_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
_HOME = Path(os.path.expanduser("~"))  # stays "~" for a user without a home, as in some containers
CACHE = (_HOME if _HOME.is_absolute() else Path(tempfile.gettempdir())) / ".cache" / "tinygpt"

_STALL = 5.0  # seconds without a byte
_DEADLINE = 45.0  # seconds for the whole download
_MAX_BYTES = 500_000_000
_REMEDY = (
    "check the connection, or download it by other means and give the path of the file "
    f"(for the default text, in {CORPUS_VARIABLE})"
)
# What a web page begins with. The groups are atomic: no server makes the search try all ways to divide its answer.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def learned_default_text(facts: dict[str, Any]) -> bool:
    """Whether weights were trained on the default text, given the facts in their config.json."""
    return facts.get("data_sha256") == DEFAULT_SHA256


def is_url(source: str | Path) -> bool:
    """Whether `source` is a URL, of any scheme, rather than a path."""
    return re.match(r"[a-z][a-z0-9+.-]+://", str(source), re.IGNORECASE) is not None


def download(url: str, sha256: str | None, cache: Path) -> TextSource:
    """Return a text that a URL leads to, from the folder `cache`, downloading it first if it is not there yet.

    Only a text that can be trained on is kept, and only if all of it arrived, with the hash `sha256` if that is given.
    Messages name the URL without its query, which may hold a secret.

    Raises ValueError for what is not such a text, another hash, more than 500 MB, and a URL that cannot be asked;
    TimeoutError after 45 seconds in all or 5 without a byte; ConnectionError for any other failure of the network; and
    OSError when the cache cannot be written.
    """
    name, address = shown(url), _address(url)
    key = sha256 or hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()
    copy = TextSource(name, cache / key)
    if _is_good(copy, sha256):
        return copy
    try:
        _prepare(cache)
        with tempfile.NamedTemporaryFile(dir=cache, prefix=".download-", delete=False) as part:
            try:
                media_type = _fetch_in_time(name, address, part)
                part.close()
                _verify(TextSource(name, Path(part.name)), sha256, media_type)
                replace(Path(part.name), copy.content)
            finally:
                part.close()  # ends a download that is still going on
                _remove(Path(part.name))
    except (TimeoutError, ConnectionError):
        raise
    except OSError as error:
        if _is_good(copy, sha256):  # another process kept it meanwhile, and on Windows has it open
            return copy
        raise OSError(f"{name} cannot be kept in {cache} ({error.strerror or error}); {_REMEDY}") from error
    return copy


def shown(url: str) -> str:
    """A URL for messages, without what may be secret: its query, user name and password."""
    address, *query = re.split(r"[?#]", url, maxsplit=1)
    return re.sub(r"//[^/]*@", "//", address) + ("?..." if query else "")


def _address(url: str) -> str:
    """A URL in ASCII, as HTTP wants it. Raises ValueError for one that cannot be asked over HTTP."""
    if not re.match(r"https?://", url, re.IGNORECASE):
        raise ValueError(f"{shown(url)} is neither a http:// nor a https:// URL; {_REMEDY}")
    try:
        parts = urlsplit(url)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
        path, query = (quote(text, safe="/%:@!$&'()*+,;=~?[]") for text in (parts.path, parts.query))
        valid = parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"{shown(url)} is not a valid URL: check how it is written")
    if "@" in host:
        raise ValueError(f"{shown(url)} has a user name or a password in it, which is not sent; {_REMEDY}")
    return urlunsplit((parts.scheme, host, path, query, ""))


def _prepare(cache: Path) -> None:
    """Make the folder, and remove from it the partial files of downloads that were killed."""
    cache.mkdir(parents=True, exist_ok=True)
    for partial_file in cache.glob(".download-*"):
        with suppress(FileNotFoundError):  # another process has finished it just now
            if time.time() - partial_file.stat().st_mtime > 2 * _DEADLINE:
                _remove(partial_file)


def _remove(partial_file: Path) -> None:
    """Remove a partial file unless it was moved, is another user's, or is still open on Windows.

    In the last case, a later download removes it.
    """
    with suppress(FileNotFoundError, PermissionError):
        partial_file.unlink()


def _is_good(copy: TextSource, sha256: str | None) -> bool:
    """Whether a copy is there, and is a text that would be kept today."""
    try:
        _verify(copy, sha256)
    except (ValueError, OSError):
        return False
    return True


def _verify(text: TextSource, sha256: str | None, media_type: str = "text/plain") -> None:
    """Raise ValueError for a text of another hash; or where none is known, for what cannot be trained on."""
    if sha256:
        found = sha256_of([text])
        if found != sha256:
            raise ValueError(f"{text.name} gave a text of sha256 {found}, not {sha256}; nothing was kept, {_REMEDY}")
        return
    with text.open() as file:
        head = file.read(1 << 16)
    if _HTML.match(head) or ("html" in media_type and b"</" in head):
        raise TextFileError(
            text.name, f"is a web page, not a plain text: give the URL of the text itself, or {_REMEDY}"
        )
    survey([text])


def _fetch_in_time(name: str, address: str, file: BinaryIO) -> str:
    """Download into an open file within the time and size allowed, and return the media type that the server tells.

    In the background, since a server that sends a byte now and then can hold a download for hours.
    """
    try:
        return in_background(partial(_fetch, name, address, file)).result(_DEADLINE)
    except TimeoutError as error:
        raise TimeoutError(f"{name} did not arrive in time; {_REMEDY}") from error


def _fetch(name: str, address: str, file: BinaryIO) -> str:
    """Download into an open file, and return the media type. Raises what `download` does."""
    size = 0
    with _explained(name):
        response = urllib.request.urlopen(address, timeout=_STALL)
    with response:
        for chunk in _unpacked(name, response):
            size += len(chunk)
            if size > _MAX_BYTES:
                raise ValueError(f"{name} is larger than {_MAX_BYTES:,} bytes; nothing was kept")
            file.write(chunk)
        return response.headers.get_content_type()


def _unpacked(name: str, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of an answer, unpacked if the server packed it unasked."""
    encoding = (response.headers.get("Content-Encoding") or "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise ValueError(f"{name} is sent in an encoding that is not known here, {encoding:.40}; {_REMEDY}")
    if encoding == "identity":
        yield from _received(name, response)
        return
    unpacker = zlib.decompressobj(wbits=31)
    for chunk in _received(name, response):
        with _explained(name):
            unpacked = unpacker.decompress(chunk)
        yield unpacked
    if not unpacker.eof:
        raise _failed(name, "cut off in the middle of packed bytes")


def _received(name: str, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of an answer as it arrives. Raises ConnectionError unless it is known to be complete."""
    expected, size = response.length, 0
    if response.status != 200:
        raise _failed(name, f"the server answered {response.status} {response.reason}")
    lengths = set(response.headers.get_all("Content-Length", ()))
    if not (lengths or response.chunked):
        raise _failed(name, "the server does not say how long it is, so that it may be cut off")
    if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
        told = " and ".join(sorted(lengths))
        raise _failed(name, f"the server gives {told!r:.60} as its length, so that it may be cut off")
    while True:
        with _explained(name):
            chunk = response.read1(65_536)
        if not chunk:
            break
        size += len(chunk)
        yield chunk
    if expected and size < expected:
        raise _failed(name, f"cut off after {size:,} of {expected:,} bytes")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn errors of the network and of what the server sends into ConnectionError; TimeoutError stays."""
    try:
        yield
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise TimeoutError from error
        raise _failed(name, " ".join(str(error).split())[:200]) from error  # it may quote what the server sent


def _failed(name: str, reason: str) -> ConnectionError:
    return ConnectionError(f"{name} could not be downloaded ({reason}); {_REMEDY}")
