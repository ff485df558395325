"""The files of the front end: how they are served, and what the page's document is left with."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from tests.ui.reverse_proxy import proxied
from tinygpt.ui.front_end import FrontEnd

MAX_DOCUMENT = 150_000  # bytes
KINDS = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml", "woff2": "font/woff2"}


CLIENT = httpx.Client(timeout=30, trust_env=False)  # one for all: making one takes longer than a request


def get(url: str) -> httpx.Response:
    answer = CLIENT.get(url)
    assert answer.status_code == 200, url
    return answer


def linked(address: str) -> list[httpx.Response]:
    """Every file that the page at an address leads to: stylesheet, fonts, and modules with what they import."""
    sheet = re.search(r"@import url\(([^)]*)\)", get(f"{address}/theme.css").text)[1]
    sheet = urljoin(f"{address}/", sheet)
    wanted, found = [sheet, urljoin(sheet, "page.js"), urljoin(sheet, "api/index.html")], {}
    while wanted:
        url = wanted.pop()
        if url not in found and "/static/tinygpt-" in url:
            found[url] = get(url)
            text = found[url].text if url.endswith((".css", ".js", ".html")) else ""
            names = re.findall(r'url\(([^)]*)\)| from "(.*?)"|(?:src|href)="(.*?)"', text)
            wanted += [urljoin(url, "".join(name)) for name in names]
    return list(found.values())


def preloaded(address: str) -> list[str]:
    """The files that the document lets browsers load at once, by their URLs."""
    document = get(f"{address}/").text
    names = re.findall(r'<link rel="(?:module)?preload"[^>]* href="(.*?)"', document)
    return [urljoin(f"{address}/", name) for name in names]


def test_the_page_finds_all_files_also_below_a_path_and_without_a_login(page_served):
    with page_served(root_path="/plays/tinygpt", auth=("will", "globe")) as address:
        for strip in (True, False):  # whether the proxy drops the path, or keeps it
            with proxied("/plays/tinygpt", address, strip=strip) as url:
                answers = linked(url)
                pictures = [name for name in FrontEnd().names if name.endswith(".png")]  # see test_document.py
                assert len(answers) == len(FrontEnd().names) - len(pictures)
                for answer in answers:
                    assert "immutable" in answer.headers["Cache-Control"]
                    suffix = answer.url.path.rpartition(".")[2]
                    assert answer.headers["Content-Type"].startswith(KINDS[suffix])


def test_the_document_preloads_what_the_page_is_made_of_and_nothing_else(page_served):
    with page_served(root_path="/plays") as address, proxied("/plays", address, strip=True) as url:
        used = {str(answer.url) for answer in linked(url) if "/api/" not in answer.url.path}
        assert set(preloaded(url)) == {each for each in used if not each.endswith(".svg")}


def test_the_document_is_small_and_asks_no_other_host(page_served):
    with page_served() as address:
        document = get(f"{address}/")
        assert len(document.content) < MAX_DOCUMENT
        files = FrontEnd()
        assert f"./{files.url}/page.js" in document.text
        for name in ("__init__.py", "../ui/launch.py", "%2e%2e/ui/launch.py", "nowhere.js", "", "fonts"):
            assert CLIENT.get(f"{address}/{files.url}/{name}").status_code == 404


def test_a_file_that_changes_gets_another_address(tmp_path):
    (tmp_path / "page.js").write_text("one")
    before = FrontEnd(tmp_path).url
    assert FrontEnd(tmp_path).url == before
    (tmp_path / "page.js").write_text("two")
    assert FrontEnd(tmp_path).url != before


def test_a_folder_without_the_files_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "page.js"))):
        FrontEnd(tmp_path)
