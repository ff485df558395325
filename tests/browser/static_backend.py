"""What computes for the page without a server: its worker, asked as the page asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.serving import serving_folder

FORM = {"prompt": "", "temperature": 0.8, "top_k": 65, "top_p": 1}  # what the page's controls say
OPEN = """async ([base, form]) => {
    const { openBackend } = await import("/web/static_page/worker_backend.js");
    window.events = [];
    window.backend = await new Promise((resolve) => {
        const opened = openBackend(base, () => form, {
            onOpen: (config) => events.push("opened"),
            onReady: () => events.push("ready") && resolve(opened),
            onFailure: (status) => events.push(status) && resolve(opened),
        });
    });
    window.ask = (name, call) => new Promise((resolve) => {
        const answers = [];
        backend[name](call, (answer) => answers.push(answer) && !answer.writing && resolve(answers));
    });
    return events;
}"""


class Backend:
    """A page with an opened backend, as `backend` in its scripts."""

    def __init__(self, page: Page, url: str, form: dict):
        self.page = page
        page.goto(f"{url}/manifest.json")  # a document without a page in it
        self.events = page.evaluate(OPEN, ["/model/", form])

    def answers(self, name: str, **call: Any) -> list[dict]:
        """All answers to a call, until it is done."""
        return self.page.evaluate("([name, call]) => ask(name, call)", [name, call])

    def answer(self, name: str, **call: Any) -> dict:
        """The last answer to a call."""
        return self.answers(name, **call)[-1]


@contextmanager
def opened_backend(browser: Browser, folder: Path, **form: Any) -> Iterator[Backend]:
    """The backend of an exported folder, in a page of its own."""
    page = browser.new_page()
    with serving_folder(folder) as url:
        yield Backend(page, url, FORM | form)
    page.close()
