"""Engines in a browser, beside those that run in Python."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tests.engines import kinds
from tinygpt import GPTLanguageModel
from tinygpt.engines.engine import Engine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.engines.browser_engine import BrowserEngine

collect_ignore = [] if find_spec("playwright") else ["test_browser_engine.py"]


@pytest.fixture(scope="session")
def engine_page(browser: "Browser") -> "Iterator[Page]":
    """A page in which the modules of tinygpt/web can be loaded."""
    from benchmarks.serving import serving_folder
    from tests.browser.modules import WEB

    page = browser.new_page()
    with serving_folder(WEB) as url:
        page.goto(f"{url}/page.css")  # a document without a page in it
        yield page
    page.close()


@pytest.fixture
def open_in_browser(engine_page: "Page") -> "Iterator[Callable[..., BrowserEngine]]":
    """open_in_browser(config, tensors) opens a model in a page that all tests share."""
    from tests.engines.browser_engine import BrowserEngine

    engines = []

    def make(*arguments: Any, **options: Any) -> BrowserEngine:
        engines.append(BrowserEngine(engine_page, *arguments, **options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def engine_of(request: pytest.FixtureRequest, device: torch.device) -> Callable[[str, GPTLanguageModel], Engine]:
    """engine_of(kind, model) is an engine of any kind for an adapted model; torch's on the tests' device."""

    def make(kind: str, model: GPTLanguageModel) -> Engine:
        if kind in kinds.BROWSER:
            return request.getfixturevalue("open_in_browser")(model.config, kinds.tensors(model))
        return kinds.engine_of(kind, model, device)

    return make
