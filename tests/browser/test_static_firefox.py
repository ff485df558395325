"""The page without a server in Firefox: it writes what Python writes, opens links, and works in a frame and offline."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.serving import serving_folder
from tests.browser.firefox import Firefox, Tab, find_firefox, firefox
from tests.browser.static_folder import export
from tests.browser.test_in_a_frame import framing
from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.flags import SHIPPED
from tinygpt.inference.sample import read_sample
from tinygpt.ui.services.share_link import ShareLink

SAMPLE = read_sample(SHIPPED)
LENGTH, SEED = 600, 2**64 - 1  # longer than two windows
SHOWN = """new Promise((resolve, reject) => {{
    const shown = () => {{
        const text = document.getElementById("continuation")?.textContent;
        const status = document.getElementById("status").textContent;
        if (status.includes({status!r}) && !document.querySelector(".writing")) resolve(text);
        else if (performance.now() > 30_000) reject(new Error(status));
        else setTimeout(shown, 20);
    }};
    shown();
}})"""
WRITE = f"""(async () => {{
    const fields = {{ prompt: "ROMEO:\\n", length: "{LENGTH}", temperature: "1", seed: "{SEED}" }};
    for (const [name, value] of Object.entries(fields)) {{
        const field = document.querySelector(`#form [name="${{name}}"]`);
        field.value = value;
        for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, {{ bubbles: true }}));
    }}
    document.getElementById("write").click();
}})()"""


def shown(tab: Tab, status: str) -> str:
    """The text in view, once the status says something."""
    return tab.evaluate(SHOWN.format(status=status))


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Firefox]:
    path = find_firefox()
    if path is None:
        pytest.skip("there is no Firefox")
    with firefox(path, tmp_path_factory.mktemp("profile")) as running:
        yield running


def test_firefox_writes_what_python_writes_opens_links_and_works_in_a_frame_and_offline(browser, tmp_path: Path):
    export(SHIPPED, tmp_path / "plays")
    engine, tokenizer = open_checkpoint(SHIPPED)
    config = SampleConfig(max_new_tokens=LENGTH, temperature=1.0, seed=SEED)
    written = "".join(stream(engine, tokenizer, "ROMEO:\n", config))
    link = ShareLink(SAMPLE.request, SAMPLE.weights_sha256).fragment()
    with serving_folder(tmp_path) as site:
        page = browser.tab()
        page.goto(f"{site}/plays/")
        assert shown(page, "A sample") == SAMPLE.text
        page.evaluate(WRITE)
        assert shown(page, f"{LENGTH} characters") == written
        linked = browser.tab()
        linked.goto(f"{site}/plays/{link}")
        assert shown(linked, f"{len(SAMPLE.text)} characters") == SAMPLE.text
        with framing(f"{site}/plays/") as outer:
            framed = browser.tab()
            framed.goto(outer)
            (frame,) = framed.frames()
            assert shown(frame, "A sample") == SAMPLE.text
            frame.evaluate(WRITE)
            assert shown(frame, f"{LENGTH} characters") == written
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(f"{site}/plays/?offline")
    page.evaluate(WRITE)
    assert shown(page, f"{LENGTH} characters") == written
