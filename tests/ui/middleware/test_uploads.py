"""Uploads are bounded in all, and what is old makes room."""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tinygpt.ui.middleware.uploads import MAX_AGE
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES

ROOM = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def limited(page_served, folder: Path) -> Iterator[str]:
    """The URL of a page that keeps at most ROOM bytes of files."""
    with page_served(uploads=folder, max_uploads=ROOM) as url:
        yield url


@pytest.fixture(autouse=True)
def _empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def multipart(content: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n"


def upload(address: str, content: bytes) -> tuple[int, str]:
    """The HTTP status and the body of the answer to an upload."""
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    request = urllib.request.Request(f"{address}/gradio_api/upload", multipart(content), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age(folder: Path) -> None:
    """Make every file older than files are kept."""
    for path in stored(folder):
        os.utime(path, (time.time() - MAX_AGE - 10,) * 2)


def test_a_flood_of_uploads_ends_and_its_files_make_room_in_an_hour(limited: str, folder: Path):
    answers = [upload(limited, bytes([number]) * 20_000) for number in range(8)]
    assert [status for status, _ in answers] == [200] * 4 + [413] * 4
    assert "try again" in answers[-1][1]
    assert Path(json.loads(answers[0][1])[0]).parent.parent == folder
    assert sum(path.stat().st_size for path in stored(folder)) <= ROOM
    age(folder)
    assert upload(limited, b"later" * 4000)[0] == 200
    assert len(stored(folder)) == 1


def test_tiny_files_count_as_much_as_they_take(limited: str, folder: Path):
    statuses = [upload(limited, str(number).encode())[0] for number in range(40)]
    assert statuses[0] == 200
    assert statuses[-1] == 413
    assert len(stored(folder)) < 30


def test_one_file_larger_than_all_room_is_refused(limited: str, folder: Path):
    assert upload(limited, b"x" * ROOM)[0] == 413
    assert stored(folder) == []


def begin(address: str, headers: str) -> http.client.HTTPConnection:
    """A connection on which an upload has begun."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.connect()
    connection.sock.sendall(
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{headers}\r\n\r\n".encode()
    )
    return connection


def uploading_gives(status: int, address: str, folder: Path) -> bool:
    """Whether an upload is answered so, with all that is stored being old: at once, or when another got so far."""
    for _ in range(100):
        age(folder)
        if upload(address, b"z" * 40_000)[0] == status:
            return True
    return False


def test_uploads_at_once_count_each_other_before_they_are_there(limited: str, folder: Path):
    begun = begin(limited, "Content-Length: 90000")
    begun.sock.sendall(multipart(b"y" * 80_000)[:200])
    assert uploading_gives(413, limited, folder)
    begun.close()
    assert uploading_gives(200, limited, folder)


def test_an_upload_cut_short_leaves_no_file_for_ever(limited: str, folder: Path):
    begun = begin(limited, "Content-Length: 90000")
    begun.sock.sendall(multipart(b"y" * 80_000)[:70_000])
    assert uploading_gives(413, limited, folder)
    begun.close()
    assert uploading_gives(200, limited, folder)
    assert [path.name for path in stored(folder)] == ["a.txt"]


def test_an_upload_that_hides_its_length_is_refused(limited: str, folder: Path):
    connection = begin(limited, "Transfer-Encoding: chunked")
    connection.sock.sendall(b"5\r\n--b\r\n\r\n")
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    assert answer.status == 411
    assert stored(folder) == []


def test_where_no_tab_takes_files_nothing_is_uploaded(address: str):
    for content in (b"", b"x", b"x" * 50_000, b"x" * (MAX_TEXT_BYTES + 1_000_000)):
        assert upload(address, content) == (413, "This page takes no files.")
    with pytest.raises(urllib.error.HTTPError, match="413"):
        urllib.request.urlopen(f"{address}/gradio_api/upload_progress?upload_id=x", timeout=30)
