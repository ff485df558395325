"""Make the picture of the page that is shown with links to it: python -m benchmarks.thumbnail

A browser opens the real page, and takes a picture of its first screen in the size that messengers expect.
"""

import argparse
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.serving import APP, Server, find_browser
from tinygpt.page.preview import IMAGE, IMAGE_SIZE

_WEB = Path(__file__).parent.parent / "tinygpt" / "web"
_COLORS = 128


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_WEB / IMAGE, help="the file (default: %(default)s)")
    args = parser.parse_args()
    if (browser := find_browser()) is None:
        sys.exit("benchmarks.thumbnail: there is no Chromium, Chrome or Edge here: install one")
    server = Server(APP)
    try:
        server.wait()
        picture = screenshot(browser, server.url)
    finally:
        server.stop()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLORS).save(args.out, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


def screenshot(browser: str, url: str) -> bytes:
    """A picture of the page as it opens, as PNG."""
    width, height = IMAGE_SIZE
    with sync_playwright() as playwright:
        # A sandbox needs rights that containers lack; this browser sees nothing but the page.
        chromium = playwright.chromium.launch(executable_path=browser, chromium_sandbox=False)
        page = chromium.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page.goto(url)
        page.locator("#continuation").wait_for()
        page.wait_for_function("document.fonts.status === 'loaded'")
        return page.screenshot()


if __name__ == "__main__":
    main()
