"""The page in a frame of another site's page, as Hugging Face shows Spaces."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.acts import finished, write
from tests.ci import ONLY_IN_CI
from tests.http_server import QuietHandler, answering
from tests.ui.launched import launched
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session


@contextmanager
def framing(url: str) -> Iterator[str]:
    """The URL of another site's page that shows `url` in a frame: to browsers, localhost is not 127.0.0.1."""

    class Answer(QuietHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{url}" width="1200" height="700"></iframe>'.encode())

    with answering(Answer) as port:
        yield f"http://localhost:{port}"


@ONLY_IN_CI
def test_one_can_log_in_where_the_browser_keeps_no_cookies_of_other_sites(browser: Browser, weights):
    with (
        launched(build(Registry(Session(weights))), auth=("will", "globe")) as client,
        framing(str(client.base_url)) as outer,
    ):
        page = browser.new_page()
        page.goto(outer)
        frame = page.frame_locator("iframe")
        frame.get_by_label("username").fill("will")
        frame.get_by_label("password").fill("globe")
        frame.get_by_role("button", name="Login").click()
        frame.get_by_role("button", name="Write", exact=True).click()
        expect(frame.locator("#status")).to_contain_text("500 characters")
        page.close()


def test_a_frame_without_a_permission_copies_or_shows_what_is_to_be_copied(context: BrowserContext, address: str):
    with framing(address) as outer:
        page = context.new_page()
        page.goto(outer)
        frame = page.frame_locator("iframe")
        write(frame, "JULIET:\n", length=60, seed=7)
        text = finished(frame)
        frame.get_by_role("button", name="Copy link").click()
        expect(frame.get_by_role("button", name="Copied")).to_be_visible()
        link = page.evaluate("navigator.clipboard.readText()")
        assert link.startswith(f"{address}/#prompt=")  # not the address of the page around it
        frame.locator("body").evaluate("() => { document.execCommand = () => false }")  # the older way is closed, too
        field = frame.get_by_role("textbox", name="to copy what is selected")
        for button, wanted in (("Copy", text), ("Copy link", link)):
            frame.get_by_role("button", name=button, exact=True).click()
            expect(field).to_be_focused()
            expect(field).to_be_in_viewport()
            expect(field).to_have_value(wanted)
            assert field.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == wanted
        field.press("Escape")
        expect(field).to_have_count(0)
        expect(frame.get_by_role("button", name="Copy link", exact=True)).to_be_focused()
        page.close()
