"""Downloads: complete and verified, or explained in one line and nothing kept."""

import hashlib
import os
import socket
import sys
import tempfile
import time
import urllib.request
from urllib.parse import quote_plus

import pytest

from tests.data.text_server import BODY, PAGE, SHA256, Server
from tinygpt import load_dataset
from tinygpt.data import download as download_module
from tinygpt.data.download import CORPUS_VARIABLE, download


@pytest.fixture
def server(monkeypatch):
    """The URL of a local server whose paths fail in different ways, and the paths that were requested."""
    monkeypatch.setattr(download_module, "_STALL", 2)  # a busy machine answers late
    monkeypatch.setattr(urllib.request, "getproxies", dict)  # straight to the server, whatever the environment says
    monkeypatch.setattr(urllib.request, "_opener", None)
    socket.setdefaulttimeout(10)  # ends the test if the package's own limit does not
    with Server() as http:
        yield http.url, http.requests
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
        ("/no-length", ConnectionError, "does not say how long it is"),
        ("/partial", ConnectionError, "the server answered 206"),
        ("/no-content", ConnectionError, "the server answered 204"),
        ("/redirect-file", ConnectionError, "could not be downloaded"),
        ("/redirect-nowhere", ConnectionError, "could not be downloaded"),
        ("/loop", ConnectionError, "could not be downloaded"),
        ("/cut-gzip", ConnectionError, "cut off"),
        ("/not-gzip", ConnectionError, "could not be downloaded"),
        ("/brotli", ValueError, "in an encoding that is not known here, br"),
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


@pytest.mark.parametrize(
    "length",
    [
        "as long as it is",
        "-5",
        "+190",
        "1_90",
        "190, 190",
        "1e3",
        "",
        "\xb2",
        "9" * 30,
        "9" * 5000,
        "190\r\nContent-Length: 9",
    ],
)
def test_a_length_that_is_no_number_is_quoted_and_nothing_is_kept(server, tmp_path, length):
    url, _ = server
    with pytest.raises(ConnectionError, match=r"the server gives '.{0,60} as its length, so that it may be") as caught:
        load_dataset(f"{url}/length?{quote_plus(length)}", cache=tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/drip", "/silent"])
def test_a_slow_download_is_ended_at_the_deadline(server, tmp_path, monkeypatch, path):
    url, _ = server
    monkeypatch.setattr(download_module, "_STALL", 10)
    monkeypatch.setattr(download_module, "_DEADLINE", 0.2)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="did not arrive in time"):
        load_dataset(url + path, cache=tmp_path)
    assert time.monotonic() - start < 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/page", "is a web page, not a plain text: give the URL of the text itself"),
        ("/page-as-text", "is a web page"),
        ("/xhtml", "is a web page"),
        ("/part-of-a-page", "is a web page"),
        ("/redirect", "is a web page"),
        ("/empty", "is empty"),
        ("/blank", "is empty"),
        ("/one-character", "repeats one character"),
        ("/picture", "is binary"),
        ("/archive", "is binary"),
        ("/latin", "iconv -f ISO-8859-1 -t UTF-8 FILE"),
        ("/cut-in-a-character", "damaged UTF-8"),
    ],
)
def test_only_a_text_that_can_be_trained_on_is_kept(server, tmp_path, path, complaint):
    url, _ = server
    with pytest.raises(ValueError, match=f"^{url}{path} .*{complaint}") as caught:
        load_dataset(url + path, cache=tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_begins_with_many_comments_is_told_from_a_page_at_once(server, tmp_path):
    url, _ = server
    start = time.monotonic()
    assert load_dataset(f"{url}/comments", cache=tmp_path).tokenizer.vocab_size > 1
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("kept", [b"", b" \n", BODY[:1] * 40, PAGE, "Été.\n".encode("latin-1"), bytes(40)])
def test_a_copy_that_an_earlier_version_should_not_have_kept_is_downloaded_again(server, tmp_path, kept):
    url, requests = server
    copy = download(f"{url}/text", None, tmp_path).content
    copy.write_bytes(kept)
    assert load_dataset(f"{url}/text", cache=tmp_path).sha256 == SHA256
    assert requests == ["/text", "/text"]


def test_an_answer_packed_with_gzip_is_unpacked_within_the_bound(server, tmp_path, monkeypatch):
    url, _ = server
    assert load_dataset(f"{url}/gzip", cache=tmp_path / "kept").sha256 == SHA256
    monkeypatch.setattr(download_module, "_MAX_BYTES", 100_000)
    with pytest.raises(ValueError, match="larger than 100,000 bytes"):
        load_dataset(f"{url}/bomb", cache=tmp_path / "bomb")
    assert list((tmp_path / "bomb").iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "requested"),
    [
        ("/Œuvres/élève 1.txt?q=é&r=a b", "/%C5%92uvres/%C3%A9l%C3%A8ve%201.txt?q=%C3%A9&r=a%20b"),
        ("/caf%C3%A9+more%20(1)/~x", "/caf%C3%A9+more%20(1)/~x"),
        ("/text#part", "/text"),
        ("/文学.txt", "/%E6%96%87%E5%AD%A6.txt"),
    ],
)
def test_a_url_may_be_typed_as_a_browser_takes_it(server, tmp_path, typed, requested):
    url, requests = server
    address = url.replace("http://", "HTTP://").replace("127.0.0.1", "LOCALHOST")
    assert load_dataset(address + typed, cache=tmp_path).sha256 == SHA256
    assert requests == [requested]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("ftp://host/text.txt", "neither a http:// nor a https:// URL"),
        ("file:///etc/hosts", "neither a http:// nor a https:// URL"),
        ("s3://bucket/text.txt", "neither a http:// nor a https:// URL"),
        ("http://", "is not a valid URL"),
        ("http://[::1/text", "is not a valid URL"),
        ("https://host:port/text", "is not a valid URL"),
        ("https://host:99999/text", "is not a valid URL"),
        ("https://h\xf6st..de/text", "is not a valid URL"),
        ("http://host/\ud800", "is not a valid URL"),
    ],
)
def test_a_url_that_cannot_be_asked_is_refused_without_a_request(tmp_path, url, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        load_dataset(url, cache=tmp_path / "cache")
    assert url in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_no_secret_of_a_url_is_in_a_message(server, tmp_path):
    url, _ = server
    for path in ("/missing", "/latin", "/empty", "/page", "/cut"):
        with pytest.raises((ValueError, OSError)) as caught:
            load_dataset(f"{url}{path}?token=SECRET&file=a", cache=tmp_path)
        assert f"{url}{path}?..." in str(caught.value)
        assert "SECRET" not in str(caught.value)
    for address in ("http://SECRET:SECRET@host/x", "http://ann:SECRET@host:port/x", "https://SECRET@[::1/x"):
        with pytest.raises(ValueError, match=r"host|::1") as caught:
            load_dataset(address, cache=tmp_path)
        assert "SECRET" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(server, tmp_path):
    url, _ = server
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=f"{url}/text cannot be kept in {tmp_path / 'file'} .*give the path of the file"):
        load_dataset(f"{url}/text", cache=tmp_path / "file")
    folder = tmp_path / "folder"
    (folder / hashlib.sha256(f"{url}/text".encode()).hexdigest() / "something").mkdir(parents=True)  # in its place
    with pytest.raises(OSError, match=f"{url}/text cannot be kept in {folder}"):
        load_dataset(f"{url}/text", cache=folder)
    assert [path.is_dir() for path in folder.iterdir()] == [True]


def test_a_process_without_a_home_keeps_downloads_in_the_temporary_folder(run):
    program = "import os; os.path.expanduser = lambda path: path; from tinygpt.data.download import CACHE; print(CACHE)"
    ended = run("-c", program)
    assert ended.stdout.strip() == os.path.join(tempfile.gettempdir(), ".cache", "tinygpt")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_disk_that_is_full_is_not_told_as_a_fault_of_the_network(server, tmp_path):
    import resource

    url, _ = server
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match=rf"cannot be kept in {tmp_path} \(File too large\)"):
            load_dataset(f"{url}/text", cache=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the error is the one for a file of another user")
def test_a_partial_file_that_cannot_be_removed_is_told_of(server, tmp_path):
    url, _ = server
    (tmp_path / ".download-old").mkdir()  # a folder in its place
    os.utime(tmp_path / ".download-old", (0, 0))
    with pytest.raises(OSError, match=rf"/text cannot be kept in {tmp_path} \(Is a directory\); check .* give the"):
        load_dataset(f"{url}/text", cache=tmp_path)


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
