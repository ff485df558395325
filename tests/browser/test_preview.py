"""What a browser makes of the page's document: its title and icons, what it asks for, and what it complains of."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import finished, write

MAX_DOCUMENT = 150_000  # bytes


class Visit:
    """A page in a browser of its own that notes what is asked for and what goes wrong."""

    def __init__(self, page: Page):
        self.page = page
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.context.on(
            "response", lambda answer: answer.status >= 400 and self.wrong.append(f"{answer.status} {answer.url}")
        )
        page.context.on("console", lambda line: line.type in ("error", "warning") and self.wrong.append(line.text))
        page.context.on("weberror", lambda error: self.wrong.append(str(error.error)))


@pytest.fixture(scope="module")
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context()
    visit = Visit(context.new_page())
    visit.page.goto(address)
    visit.page.get_by_role("button", name="Write", exact=True).wait_for()
    yield visit
    context.close()


def test_the_title_the_icons_and_the_manifest_are_ours(visit: Visit, address: str):
    page = visit.page
    assert page.title() == "tinygpt: a small Shakespeare GPT"
    loaded = page.evaluate("""async () => {
        const link = (rel) => document.querySelector(`head link[rel="${rel}"]`).href;
        const manifest = await (await fetch(link("manifest"))).json();
        const icons = manifest.icons.map((icon) => new URL(icon.src, link("manifest")).href);
        const widths = [link("icon"), link("apple-touch-icon"), ...icons].map(async (url) => {
            const picture = new Image();
            picture.src = url;
            await picture.decode();
            return picture.naturalWidth;
        });
        return [new URL(manifest.start_url, link("manifest")).href, ...(await Promise.all(widths))];
    }""")
    assert loaded == [f"{address}/", *loaded[1:3], 192, 192, 512, 512]
    assert all(loaded)


def test_the_document_is_small_on_its_way_to_the_browser(visit: Visit):
    size = visit.page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    assert 10_000 < size < MAX_DOCUMENT


def test_each_tab_and_link_works_without_a_complaint_and_asks_no_other_host(visit: Visit, address: str):
    page = visit.page
    write(page, "ROMEO:\n")
    finished(page)
    for tab in page.get_by_role("tab").all_text_contents():
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    for name, content in (("Model card", "## Validation loss"), ("API", "/probabilities")):
        with page.expect_popup() as popup:
            page.get_by_role("link", name=name).click()
        expect(popup.value.locator("body")).to_contain_text(content)
        popup.value.close()
    expect(page.get_by_role("link", name="License (MIT)")).to_be_visible()
    expect(page.get_by_text("Use via API")).to_have_count(0)
    assert visit.wrong == []
    assert [url for url in visit.asked if not url.startswith((f"{address}/", "data:", "blob:"))] == []


def test_the_api_page_shows_calls_that_work_at_this_address(visit: Visit, address: str):
    with visit.page.expect_popup() as popup:
        visit.page.get_by_role("link", name="API").click()
    page = popup.value
    expect(page.locator("code", has_text="temperature")).to_have_count(2)
    (shell,) = page.locator("pre", has_text=f"url={address}/gradio_api/call/v2/generate").all_text_contents()
    assert "curl -sN $url/$id" in shell
    python = page.locator("pre", has_text='api_name="/generate"').text_content()
    assert f'Client("{address}/")' in python
    page.close()
