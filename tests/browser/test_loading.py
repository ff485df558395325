"""A page that a bad network has let through in part, or that does not run in a browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.acts import status

MODULES = ["**/chart.js", "**/assets/index-*.js", "**/assets/Blocks-*.js"]  # ours, gradio's first, one of its others


FAST_TIMERS = "setTimeout = ((original) => (act, time) => original(act, time / 50))(setTimeout);"
FOREIGN_SCRIPT = """addEventListener("DOMContentLoaded", () => {
    document.body.append(Object.assign(document.createElement("script"), { src: "http://127.0.0.1:9/" }));
});"""

Answer = Callable[[Route], None]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """visit(script) opens the page after a script; visit(answers={module: answer}) with requests answered otherwise."""
    with ExitStack() as stack:

        def open_page(script: str = "", answers: dict[str, Answer] | None = None) -> Page:
            context = browser.new_context(reduced_motion="reduce")
            stack.callback(context.close)
            context.add_init_script(script)
            page = context.new_page()
            for module, answer in (answers or {}).items():
                page.route(module, answer)
            page.goto(address, wait_until="commit")
            return page

        yield open_page


def fail(route: Route) -> None:
    route.abort("connectionreset")


def not_found_by_head(route: Route) -> None:
    route.fulfill(status=404) if route.request.method == "HEAD" else route.continue_()


def expect_loaded(page: Page) -> None:
    expect(status(page)).to_contain_text("A sample of what this model writes")
    expect(page.get_by_role("alert")).to_have_count(0)


def expect_told(page: Page, sentence: str) -> None:
    expect(page.get_by_role("alert")).to_have_text(re.compile(sentence))


@pytest.mark.parametrize("module", MODULES)
def test_a_page_that_was_not_loaded_completely_loads_again(visit, module: str):
    page = visit(answers={module: fail})
    expect_told(page, "not be loaded completely. It loads again when the server answers")
    page.unroute_all()
    expect_loaded(page)


def test_a_page_that_still_is_not_complete_leaves_that_to_the_visitor(visit):
    page = visit(answers={MODULES[0]: fail})
    expect_told(page, "It loads again when the server answers")
    expect_told(page, "Check the connection, and reload the page")


def test_a_page_whose_server_has_another_version_by_now_loads_that(visit):
    page = visit(answers={MODULES[0]: fail})
    expect_told(page, "It loads again when the server answers")
    page.unroute_all()
    page.route("**/page.js", not_found_by_head)
    expect_loaded(page)


def test_a_page_that_takes_long_to_load_says_so(visit):
    page = visit(FAST_TIMERS, {MODULES[0]: lambda route: None})
    expect_told(page, "still being loaded: the connection is slow")
    page.unroute_all()  # they go on
    expect_loaded(page)


ALL_LOADED = """() => {
    const wanted = [...document.querySelectorAll("link[rel=modulepreload]")].map(({ href }) => href);
    const loaded = new Set(performance.getEntriesByType("resource").map(({ name }) => name));
    return wanted.length && wanted.every((module) => loaded.has(module));
}"""


def test_modules_that_are_there_before_the_document_wait_for_it(visit, address: str):
    def held_up(route: Route) -> None:
        document = route.fetch()
        blocked = document.text().replace("</head>", '<script src="held-up.js"></script></head>')
        route.fulfill(response=document, body=blocked)

    waiting: list[Route] = []
    page = visit(answers={f"{address}/": held_up, "**/held-up.js": lambda route: waiting.append(route)})
    page.wait_for_function(ALL_LOADED, polling=50)  # no frame is drawn meanwhile
    for route in waiting:
        route.fulfill(body="", content_type="text/javascript")
    expect_loaded(page)


def test_a_script_that_others_have_added_is_not_missed(visit):
    expect_loaded(visit(FOREIGN_SCRIPT))


@pytest.mark.parametrize("missing", ["HTMLElement.prototype.popover", "Element.prototype.checkVisibility"])
def test_a_browser_that_is_too_old_is_told_so(visit, missing: str):
    expect_told(visit(f"delete {missing}"), "does not run in this browser. Update the browser")
