"""The files of the front end: how they are served, and what the page's document is left with."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from tests.ui.reverse_proxy import proxied
from tinygpt.ui.front_end import FrontEnd

MAX_DOCUMENT = 150_000  # bytes


def get(url: str) -> httpx.Response:
    answer = httpx.get(url, timeout=30, trust_env=False)
    assert answer.status_code == 200, url
    return answer


def linked(address: str) -> list[httpx.Response]:
    """Every file that the page at an address leads to: stylesheet, fonts, and modules with what they import."""
    sheet = re.search(r"@import url\(([^)]*)\)", get(f"{address}/theme.css").text)[1]
    sheet = urljoin(f"{address}/", sheet)
    wanted, found = [sheet, urljoin(sheet, "page.js")], {}
    while wanted:
        url = wanted.pop()
        if url not in found:
            found[url] = get(url)
            names = [] if url.endswith(".woff2") else re.findall(r'url\(([^)]*)\)| from "(.*?)"', found[url].text)
            wanted += [urljoin(url, sheet or module) for sheet, module in names]
    return list(found.values())


def test_the_page_finds_all_files_also_below_a_path_and_without_a_login(page_served):
    with page_served(root_path="/plays/tinygpt", auth=("will", "globe")) as address:
        for strip in (True, False):  # whether the proxy drops the path, or keeps it
            with proxied("/plays/tinygpt", address, strip=strip) as url:
                answers = linked(url)
                assert len(answers) == len(FrontEnd().names)
                for answer in answers:
                    assert "immutable" in answer.headers["Cache-Control"]
                    kind = {"js": "text/javascript", "ss": "text/css", "f2": "font/woff2"}[answer.url.path[-2:]]
                    assert answer.headers["Content-Type"].startswith(kind)


def test_the_document_is_small_and_asks_no_other_host(page_served):
    with page_served() as address:
        document = get(f"{address}/")
        assert len(document.content) < MAX_DOCUMENT
        files = FrontEnd()
        assert f"./{files.url}/page.js" in document.text
        for name in ("__init__.py", "../ui/launch.py", "%2e%2e/ui/launch.py", "nowhere.js", "", "fonts"):
            assert httpx.get(f"{address}/{files.url}/{name}", trust_env=False).status_code == 404


def test_a_file_that_changes_gets_another_address(tmp_path):
    (tmp_path / "page.js").write_text("one")
    before = FrontEnd(tmp_path).url
    assert FrontEnd(tmp_path).url == before
    (tmp_path / "page.js").write_text("two")
    assert FrontEnd(tmp_path).url != before


def test_a_folder_without_the_files_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "page.js"))):
        FrontEnd(tmp_path)
