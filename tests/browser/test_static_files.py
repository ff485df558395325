"""What the page without a server asks for: all files of its folder, and nothing else."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from benchmarks.serving import serving_folder
from tests.browser.acts import finished, go_to, write
from tests.browser.static_folder import export

# Of those who read or install it, of crawlers, and of its service worker.
FOR_OTHERS = {"LICENSE", "README.md", "manifest.json", "service_worker.js"}
FOR_OTHERS |= {"web/fonts/OFL.txt", "web/icon-192.png", "web/icon-512.png"}


def test_the_page_asks_for_every_file_of_its_folder_and_for_no_other(browser: Browser, weights: Path, tmp_path: Path):
    export(weights, tmp_path / "plays")
    context = browser.new_context(service_workers="block", reduced_motion="reduce")
    asked, wrong = [], []
    context.on("request", lambda request: asked.append(request.url))
    context.on("response", lambda answer: answer.status != 200 and wrong.append(answer.url))
    context.on("requestfailed", lambda request: wrong.append(request.url))
    with serving_folder(tmp_path) as site:
        page = context.new_page()
        page.goto(f"{site}/plays/")
        write(page, "A warm harbor")
        finished(page)
        go_to(page, "Compare")
        expect(page.get_by_role("link", name="Temperature 1.2: open")).to_be_visible()
        go_to(page, "Look inside")
        expect(page.locator("#inside .window span").first).to_be_visible()
        context.close()
    names = {url.removeprefix(f"{site}/plays/") or "index.html" for url in asked}
    files = {path.relative_to(tmp_path / "plays").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert (names - files, files - names, wrong) == (set(), FOR_OTHERS, [])
