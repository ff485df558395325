"""The last line of the page."""

from email.message import Message
from importlib import metadata

import pytest

from tinygpt.page.footer import source_url
from tinygpt.ui.components.footer import footer


@pytest.mark.parametrize(
    ("urls", "source"),
    [([], None), (["Documentation, https://d"], None), (["Homepage, https://h", "Source, https://s"], "https://s")],
)
def test_the_source_is_linked_where_the_package_names_it(monkeypatch, urls: list[str], source: str | None):
    described = Message()
    for url in urls:
        described["Project-URL"] = url
    monkeypatch.setattr(metadata, "metadata", lambda _: described)
    assert source_url() == source
    assert ("Source" in footer(has_model_card=True).html_template) == bool(source)


def test_a_copy_that_is_not_installed_names_no_source(monkeypatch):
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", absent)
    assert source_url() is None
