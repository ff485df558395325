"""The page that the tests of the middleware send requests to."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def address(page_served) -> Iterator[str]:
    """The URL of a page with tiny weights, served from this process for the tests of a module."""
    with page_served() as url:
        yield url
