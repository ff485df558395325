"""The end of the page: the words that it uses, explained, and links to what there is to read about it."""

from collections.abc import Mapping
from html import escape
from importlib import metadata

# Filled by tinygpt/web/definitions.js.
_GLOSSARY = '<details><summary>Words explained</summary><div id="glossary"></div></details>'
_LICENSE = "https://opensource.org/license/mit"


def footer(links: Mapping[str, str]) -> str:
    """The line as HTML: links of the page's own, by what they are called; the license; the source where it is named."""
    links = {**links, "License (MIT)": _LICENSE}
    if source := source_url():
        links["Source"] = source
    anchors = (f'<a href="{escape(url)}" target="_blank">{label}</a>' for label, url in links.items())
    return f'<footer class="links">{_GLOSSARY}{" · ".join(anchors)}</footer>'


def source_url() -> str | None:
    """Where the package says that its source is; None if it does not, or is a copy that is not installed."""
    try:
        urls = metadata.metadata("tinygpt").get_all("Project-URL", [])
    except metadata.PackageNotFoundError:
        return None
    named = (url.partition(", ") for url in urls)
    return next((url for label, _, url in named if label.lower() in ("source", "repository")), None)
