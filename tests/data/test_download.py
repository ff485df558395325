"""Downloads: complete and verified, or explained in one line and nothing kept."""

import hashlib
import os
import socket
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tinygpt import load_dataset
from tinygpt.data import download as download_module
from tinygpt.data.download import CORPUS_VARIABLE, download

BODY = b"A text to be downloaded, quite whole.\n" * 5
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """The URL of a local server whose paths fail in different ways, and the paths that were requested."""
    requests, over = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            requests.append(self.path)
            self.close_connection = True
            match self.path:
                case "/missing":
                    self.send_error(404)
                case "/not-http":
                    self.wfile.write(b"this is not HTTP\r\n\r\n")
                case "/silent":
                    over.wait()
                case "/cut-chunk":
                    self.answer(("Transfer-Encoding", "chunked"), b"64\r\nonly this much")
                case "/cut":
                    self.answer(("Content-Length", "1000"), BODY)
                case "/stalled":
                    self.answer(("Content-Length", "1000"), BODY)
                    over.wait()
                case _:
                    self.answer(("Content-Length", str(len(BODY))), BODY)

        def answer(self, header, body):
            self.send_response(200)
            self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    monkeypatch.setattr(download_module, "_STALL", 0.3)
    monkeypatch.setattr(urllib.request, "getproxies", dict)  # straight to the server, whatever the environment says
    monkeypatch.setattr(urllib.request, "_opener", None)
    socket.setdefaulttimeout(10)  # ends the test if the package's own limit does not
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", requests
        over.set()
        http.shutdown()
        thread.join()
    socket.setdefaulttimeout(None)


def test_a_download_is_verified_kept_and_not_repeated(server, tmp_path):
    url, requests = server
    for _ in range(2):
        dataset = load_dataset(f"{url}/text", sha256=SHA256, cache=tmp_path)
        assert dataset.tokenizer.decode([*dataset.train, *dataset.validation]) == BODY.decode()
    assert requests == ["/text"]


def test_without_a_known_hash_each_url_has_its_own_copy(server, tmp_path):
    url, requests = server
    paths = {download(f"{url}/{name}", None, tmp_path) for name in ("one", "two", "one")}
    assert len(paths) == 2
    assert requests == ["/one", "/two"] or requests == ["/two", "/one"]


@pytest.mark.parametrize(
    ("path", "error", "complaint"),
    [
        ("/missing", ConnectionError, "404"),
        ("/cut", ConnectionError, "cut off after 190 of 1,000 bytes"),
        ("/cut-chunk", ConnectionError, "could not be downloaded"),
        ("/not-http", ConnectionError, "could not be downloaded"),
        ("/stalled", TimeoutError, "did not arrive in time"),
        ("/silent", TimeoutError, "did not arrive in time"),
    ],
)
def test_a_download_that_fails_is_explained_and_leaves_nothing(server, tmp_path, path, error, complaint):
    url, _ = server
    start = time.monotonic()
    with pytest.raises(error, match=complaint) as caught:
        load_dataset(url + path, cache=tmp_path)
    assert time.monotonic() - start < 5
    assert url + path in str(caught.value)
    assert CORPUS_VARIABLE in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_download_is_ended_at_the_deadline(server, tmp_path, monkeypatch):
    url, _ = server
    monkeypatch.setattr(download_module, "_DEADLINE", 0.0)
    with pytest.raises(TimeoutError, match="did not arrive in time"):
        load_dataset(f"{url}/text", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_of_another_hash_or_size_is_refused_and_leaves_nothing(server, tmp_path, monkeypatch):
    url, _ = server
    with pytest.raises(ValueError, match=f"sha256 {SHA256}, not {'0' * 64}; nothing was kept"):
        load_dataset(f"{url}/text", sha256="0" * 64, cache=tmp_path)
    monkeypatch.setattr(download_module, "_MAX_BYTES", 100)
    with pytest.raises(ValueError, match="larger than 100 bytes"):
        load_dataset(f"{url}/text", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_partial_file_of_a_killed_download_is_removed_and_that_of_a_running_one_is_not(server, tmp_path):
    url, _ = server
    killed, running = tmp_path / ".download-old", tmp_path / ".download-new"
    for path in (killed, running):
        path.write_bytes(BODY[:50])
    os.utime(killed, (0, 0))
    load_dataset(f"{url}/text", sha256=SHA256, cache=tmp_path)
    assert not killed.exists()
    assert running.exists()


def test_no_server_at_all_is_explained(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ConnectionError, match="check the connection"):
        load_dataset(f"http://127.0.0.1:{port}/text", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_copy_is_used_without_a_network(tmp_path):
    (tmp_path / SHA256).write_bytes(BODY)
    assert load_dataset("http://127.0.0.1:1/", sha256=SHA256, cache=tmp_path).sha256 == SHA256
    assert (tmp_path / SHA256).read_bytes() == BODY


def test_a_damaged_copy_is_downloaded_again(server, tmp_path):
    url, _ = server
    (tmp_path / SHA256).write_bytes(BODY[:-1])
    assert load_dataset(f"{url}/text", sha256=SHA256, cache=tmp_path).sha256 == SHA256
    assert (tmp_path / SHA256).read_bytes() == BODY
