"""The page as visitors reach it: directly, by IPv6, and through a proxy that serves it below a path."""

import json
import os
import re
import sys
import urllib.request
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

import gradio as gr
import pytest
from gradio import networking

from tests.server import free_port
from tests.ui.launched import launched
from tests.ui.reverse_proxy import proxied
from tinygpt.system.pipes import lead_to_nowhere
from tinygpt.ui import serving
from tinygpt.ui.address import choose_port
from tinygpt.ui.front_end import FrontEnd


def can_listen(host: str) -> bool:
    try:
        choose_port(host, free_port())
    except ValueError:
        return False
    return True


def get(url: str | urllib.request.Request) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def origin_of(url: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def stream(root: str, length: int = 200, origin: str | None = None) -> list[str]:
    """The kinds of events as which a text comes, when the page requests it at this root, or as one from `origin`."""
    body = json.dumps({"prompt": "A", "length": length, "seed": 1}).encode()
    headers = {"Content-Type": "application/json", "Origin": origin or origin_of(root)}
    with urllib.request.urlopen(
        urllib.request.Request(f"{root}/gradio_api/call/v2/generate", body, headers), timeout=30
    ) as answer:
        event = json.load(answer)["event_id"]
    lines = get(f"{root}/gradio_api/call/generate/{event}").splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def assert_works_at(url: str, root: str, origin: str) -> None:
    """The page at `url` finds its files, believes that it is at `root`, and gets texts from there, by `origin`."""
    html = get(f"{url}/")
    files = re.findall(r'(?:src|href)="(\./assets/[^"]+)"', html)
    assert len(files) >= 2
    for file in files:
        assert get(urljoin(f"{url}/", file))
    assert json.loads(re.search(r'"root":("[^"]*")', html)[1]) == root
    events = stream(root.replace(origin_of(root), origin), origin=origin_of(root))
    assert events[-1] == "complete"
    assert "generating" in events


def test_below_a_path_of_a_proxy_files_and_texts_are_found(page_served):
    with page_served(root_path="/plays/tinygpt") as address:
        for strip in (True, False):  # whether the proxy drops the path, or keeps it
            with proxied("/plays/tinygpt", address, strip=strip) as url:
                assert_works_at(url, url, origin=url.removesuffix("/plays/tinygpt"))


def test_a_proxy_with_a_name_is_answered_under_this_name(page_served):
    root = "https://plays.example.org/tinygpt"
    with page_served(root_path=root) as address:
        for strip in (True, False):
            with proxied("/tinygpt", address, strip=strip, Host="plays.example.org") as url:
                assert_works_at(url, root, origin=url.removesuffix("/tinygpt"))
        for headers in ({"Host": "example.org"}, {"X-Forwarded-Host": "evil.plays.example.org"}):
            with proxied("/tinygpt", address, strip=True, **headers) as url, pytest.raises(HTTPError, match="403"):
                get(f"{url}/")


def test_a_file_of_the_page_that_is_missing_is_not_told_as_a_fault_of_the_server(monkeypatch, tmp_path):
    monkeypatch.setattr(serving, "FrontEnd", lambda: FrontEnd(tmp_path))
    with pytest.raises(FileNotFoundError, match="page"):
        launched(gr.Blocks()).__enter__()


def test_output_that_nobody_reads_is_not_told_as_a_fault_of_the_server(monkeypatch):
    with gr.Blocks() as page:
        reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        with pytest.raises(ValueError, match=r"^nothing reads what the app prints: let it print to"):
            launched(page).__enter__()
        lead_to_nowhere(closed)
        page.close(verbose=False)


@pytest.mark.skipif(not can_listen("::1"), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_an_ipv6_address_is_listened_on(page_served, host: str):
    with page_served(host=host) as url:
        assert "tinygpt" in get(url)


def test_a_public_link_is_answered_and_its_page_is_complete_in_itself(page_served, monkeypatch):
    monkeypatch.setattr(networking, "setup_tunnel", lambda **_: "https://abc.gradio.live")  # a real one needs internet
    with page_served(share=True) as address:
        html = get(urllib.request.Request(address, headers={"Host": "abc.gradio.live"}))
        with pytest.raises(HTTPError, match="403"):
            get(urllib.request.Request(address, headers={"Host": "other.gradio.live"}))
    assert re.findall(r'<script[^>]* src="([^"]*)"', html)
    assert not re.search(r'<(script|link)[^>]* (src|href)="(https?:)?//', html)
