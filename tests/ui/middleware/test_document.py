"""What the page's document says of itself: to browsers, and to those who show previews of links."""

import http.client
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests import event_loop
from tests.ui.reverse_proxy import proxied
from tinygpt.ui.middleware.document import RewriteDocument, with_head


class Head(HTMLParser):
    """The tags in a document's <head>: of each kind, the values that it has, in order."""

    def __init__(self, document: str):
        super().__init__()
        self.said: dict[str, list[str]] = {}
        self._title = self._done = False
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        if self._done or tag == "body":
            self._done = True
            return
        values = dict(attributes)
        name = values.get("property") or values.get("name") or values.get("rel")
        self._title = tag == "title"
        if name:
            self.said.setdefault(name, []).append(values.get("content") or values.get("href"))

    def handle_data(self, data):
        if self._title:
            self.said.setdefault("title", []).append(data)
            self._title = False


def said(url: str, **headers: str) -> dict[str, list[str]]:
    answer = httpx.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, trust_env=False)
    assert answer.status_code == 200
    return Head(answer.text).said


def asked_as(address: str, **headers: str) -> dict[str, list[str]]:
    """What the document says to a request with these headers, of which Host may be any."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", "/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    assert answer.status == 200
    assert "private" in answer.headers["Cache-Control"]
    return Head(answer.read().decode()).said


def test_the_preview_is_ours_and_each_tag_stands_there_once(address: str):
    head = said(address)
    assert head["title"] == ["tinygpt: a small GPT"]  # the test's weights are not of Shakespeare
    assert head["og:title"] == head["title"]
    assert head["og:description"] == head["description"]
    assert head["og:url"] == [f"{address}/"]
    assert head["twitter:card"] == ["summary_large_image"]
    assert all(len(values) == 1 for name, values in head.items() if name.startswith(("og:", "twitter:")))
    assert not [(name, values) for name, values in head.items() if name != "modulepreload" and "radio" in str(values)]
    assert len(head["theme-color"]) == 2


def test_the_picture_and_the_icons_are_there(address: str):
    head = said(address)
    (picture,) = head["og:image"]
    links = [picture, *(urljoin(f"{address}/", link) for name in ("icon", "apple-touch-icon") for link in head[name])]
    for url in (*links, f"{address}/favicon.ico"):
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] in ("image/png", "image/svg+xml")
    data = httpx.get(picture, trust_env=False).content
    size = [int.from_bytes(data[place : place + 4], "big") for place in (16, 20)]
    assert [str(side) for side in size] == [head["og:image:width"][0], head["og:image:height"][0]]


def test_the_preview_comes_at_the_beginning_where_its_readers_look(address: str):
    document = httpx.get(address, trust_env=False).text
    assert document.index("og:image:alt") < 4000


@pytest.mark.parametrize("strip", [True, False])
def test_below_a_path_of_a_proxy_with_a_login_everything_is_found(page_served, strip: bool):
    with (
        page_served(root_path="/plays", auth=("will", "globe")) as address,
        proxied("/plays", address, strip=strip) as url,
    ):
        head = said(f"{url}/")
        manifest = httpx.get(urljoin(f"{url}/", head["manifest"][0]), trust_env=False)
        assert manifest.headers["Content-Type"] == "application/manifest+json"
        assert urljoin(str(manifest.url), manifest.json()["start_url"]) == f"{url}/"
        icons = [urljoin(str(manifest.url), icon["src"]) for icon in manifest.json()["icons"]]
        for link in (head["og:image"][0], *icons, f"{url}/favicon.ico"):
            assert link.startswith(f"{url}/")
            assert httpx.get(link, trust_env=False).headers["Content-Type"] == "image/png"


def test_behind_a_proxy_with_a_name_that_name_counts_whatever_a_request_says(page_served):
    root = "https://plays.example.org/tinygpt"
    with page_served(root_path=root) as address:
        for host in ("plays.example.org", "localhost"):
            head = asked_as(address, Host=host)
            assert head["og:url"] == [f"{root}/"]
            assert head["og:image"][0].startswith(f"{root}/static/")


def test_the_host_is_the_one_by_which_caches_tell_pages_apart(page_served):
    with page_served(host="0.0.0.0") as address:
        head = asked_as(address, Host="tiny.hf.space", X_Forwarded_Proto="https, http", X_Forwarded_Host="evil.example")
        assert head["og:url"] == ["https://tiny.hf.space/"]
        assert head["og:image"][0].startswith("https://tiny.hf.space/static/")
        assert asked_as(address, Host="tiny.hf.space", X_Forwarded_Proto="javascript")["og:url"] == [
            "http://tiny.hf.space/"
        ]
        for host in ('x"><script>alert(1)</script>', "a b", "evil.example/path", "user@evil.example"):
            head = asked_as(address, Host=host)
            assert "og:image" not in head
            assert "og:url" not in head
            assert head["og:title"] == ["tinygpt: a small GPT"]


def test_a_head_request_is_told_the_length_of_the_document(address: str):
    head, get = httpx.head(address, trust_env=False), httpx.get(address, trust_env=False)
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize(
    ("document", "rewritten"),
    [
        ("<html><head><title>a</title></head><p>", "<html><head>NEW</head><p>"),
        ('<head><meta charset="u"><base href="./">\n<TITLE\n>a</TITLE >b',
         '<head><meta charset="u"><base href="./">NEW\nb'),
        ('<head>\n<meta\n property="og:x"\ncontent=">"/>é<link rel="shortcut icon"></head>', "<head>NEW\né</head>"),
        ('<head><script>"<title>"; "</head>"</script></head>', '<head>NEW<script>"<title>"; "</head>"</script></head>'),
        ('<head></head><body><meta name="og:x"><title>a', '<head>NEW</head><body><meta name="og:x"><title>a'),
        ("<head><!-- <title>a</title> --><title>b</title>", "<head>NEW<!-- <title>a</title> -->"),
        ('<head><meta name="viewport"><link rel="style">', '<head>NEW<meta name="viewport"><link rel="style">'),
        ("<body>a", "NEW<body>a"),
        ("", "NEW"),
    ],
)  # fmt: skip
def test_tags_take_the_place_of_others_of_their_kinds(document: str, rewritten: str):
    assert with_head(document, "NEW") == rewritten


def answered(messages: list[dict], path: str = "/") -> list[dict]:
    """What is sent where an app sends these messages."""
    sent: list[dict] = []

    async def app(scope: dict, receive: Callable, send: Callable) -> None:
        for message in messages:
            await send(message)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "scheme": "http", "path": path, "headers": [(b"host", b"a")]}
    event_loop.run(RewriteDocument(app, head=str, root_path="")(scope, None, send))
    return sent


def test_a_document_in_parts_is_rewritten_and_everything_else_passes_as_it_comes():
    html = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html; charset=utf-8")]}
    parts = [
        {"type": "http.response.body", "body": part, "more_body": more}
        for part, more in ((b"<he", True), (b"ad>\xc3", True), (b"\xa9</head>", False))
    ]
    start, body = answered([html, *parts])
    assert body["body"].decode() == "<head>http://aé</head>"
    assert (b"content-length", str(len(body["body"])).encode()) in start["headers"]
    stream = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    refusal = {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/html")]}
    assert answered([stream, *parts]) == [stream, *parts]
    assert answered([refusal, *parts]) == [refusal, *parts]
    assert answered([html, *parts], "/other") == [html, *parts]
