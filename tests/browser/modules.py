"""The modules of tinygpt/web by themselves, called from Python."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.server import ROOT

WEB = ROOT / "tinygpt" / "web"


def runner(page: Page, url: str, *modules: str) -> Callable[..., Any]:
    """run(script, argument): what a JavaScript function makes of the exports of modules and an argument."""
    page.goto(f"{url}/page.css")  # a document without a page in it, where modules can be loaded
    imports = ", ".join(f'import("/{module}.js")' for module in modules)

    def run(script: str, argument: Any = None) -> Any:
        load = f"Object.assign({{}}, ...(await Promise.all([{imports}])))"
        return page.evaluate(f"async (argument) => ({script})({load}, argument)", argument)

    return run
