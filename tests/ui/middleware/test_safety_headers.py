"""The headers by which browsers refuse what the page never does, and that the page keeps to them."""

import re
import urllib.error
import urllib.request

import pytest


def get(url: str, **headers: str) -> tuple[dict[str, str], str]:
    """The headers and the body of any answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return dict(error.headers), error.read().decode()


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/", {}), ("/config", {}), ("/theme.css", {}), ("/nowhere", {}), ("/gradio_api/file=/etc/passwd", {}),
     ("/gradio_api/file=http://x/y", {}), ("/gradio_api/upload", {}), ("/gradio_api/queue/data", {}),
     ("/", {"Host": "evil.example"}), ("/config", {"Origin": "https://evil.example"})],
    ids=str,
)  # fmt: skip
def test_every_answer_has_them(address: str, path: str, sent: dict[str, str]):
    headers, _ = get(address + path, **sent)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["connect-src"] == policy["base-uri"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert "'unsafe-eval'" in policy["script-src"]  # or gradio's page stays blank
    assert "'unsafe-inline'" in policy["style-src"]
    # What is written into the page itself can be a picture or a font, but no script.
    assert {name for name, sources in policy.items() if re.search("data:|blob:", sources)} == {"img-src", "font-src"}
    assert not re.search(r"https?:|\*", headers["content-security-policy"])  # no other host for anything
    assert "frame-ancestors" not in policy  # so that the page can be embedded
    assert "x-frame-options" not in headers


def test_the_page_names_no_file_of_another_host(address: str):
    _, html = get(address)
    for reference in re.findall(r"""(?:src|href)=["']([^"']*)|url\(["']?([^"')]*)|@import""", html):
        assert not re.match(r"(https?:)?//", "".join(reference))
