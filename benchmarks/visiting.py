"""Visitors of the page, for benchmarks.load: each asks for a text over HTTP, as a browser does."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tinygpt.request import default, names

READS, LEAVES, NEVER_READS = "reads", "leaves", "never reads"
BUSY, CUT_SHORT = "told that the page is busy", "cut short after a minute"  # not failures: the visitor is told
_PATIENCE = 180  # seconds that a visitor waits for a whole text
_WRITTEN = re.compile(r"([\d,]+) characters? ·")  # in the line below the text, on the page


@dataclass
class Visit:
    """What one visitor did and saw. Times are in seconds from the click on Write; None when it did not happen."""

    manner: str  # READS, LEAVES mid-stream, or joins and NEVER_READS
    seed: int
    first: float | None = None  # until the first text
    last: float | None = None  # until the whole text
    text: Any = None  # the whole text as the page gets it
    trouble: str = ""  # BUSY, CUT_SHORT, or what went wrong


class Button:
    """The button Write of a page, as a browser presses it."""

    def __init__(self, url: str):
        self.url = url
        with urllib.request.urlopen(f"{url}/config") as answer:
            config = json.load(answer)
        components = {component["id"]: component["props"] for component in config["components"]}
        event = next(event for event in config["dependencies"] if event["api_name"] == "write")
        self._function, self._trigger = event["id"], event["targets"][0][0]
        self._values = [components[i].get("value") for i in event["inputs"]]
        self._form = {name: default(name) for name in names()}

    async def press(self, client: httpx.AsyncClient, seed: int, length: int) -> tuple[str, httpx.Response]:
        """Ask for a text as a new visitor; return the visitor's session and the page's answer."""
        form = self._form | {"prompt": "ROMEO:\n", "length": length, "seed": str(seed)}
        session = uuid4().hex
        job = {
            "data": self._values,
            "event_data": {"call": 1, "request": form},
            "fn_index": self._function,
            "trigger_id": self._trigger,
            "session_hash": session,
        }
        return session, await client.post("/gradio_api/queue/join", json=job)

    def client(self) -> httpx.AsyncClient:
        """A client with any number of connections to the page."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return httpx.AsyncClient(base_url=self.url, limits=limits, timeout=60, trust_env=False, verify=False)


def visit_together(button: Button, count: int, length: int, manner: Callable[[int], str]) -> list[Visit]:
    """Let visitors with the seeds 0 to `count` - 1 press the button at once, and wait until all have gone."""

    async def together() -> list[Visit]:
        async with button.client() as client:
            visits = [Visit(manner(seed), seed) for seed in range(count)]
            await asyncio.gather(*(_make(visit, button, client, length) for visit in visits))
            return visits

    return asyncio.run(together())


def count_starts(button: Button, count: int, patience: float) -> int:
    """How many of `count` long texts are begun at once, within some seconds. All visitors leave afterwards."""
    started = 0

    async def hold(client: httpx.AsyncClient, seed: int, everyone: asyncio.Barrier) -> None:
        nonlocal started
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(patience):
                session, _ = await button.press(client, seed, 5000)
                async with _events(client, session) as events:
                    async for line in events.aiter_lines():
                        if _is(line, "process_starts"):
                            started += 1
                            await everyone.wait()
                            return

    async def together() -> None:
        everyone = asyncio.Barrier(count)
        async with button.client() as client:
            await asyncio.gather(*(hold(client, seed, everyone) for seed in range(count)))

    asyncio.run(together())
    return started


async def _make(visit: Visit, button: Button, client: httpx.AsyncClient, length: int) -> None:
    """Make a visit, and note in it what comes of it."""
    start = time.perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            session, answer = await button.press(client, visit.seed, length)
            if answer.status_code == 503 and "full" in answer.text:
                visit.trouble = BUSY
                return
            answer.raise_for_status()
            if visit.manner == NEVER_READS:
                return
            async with _events(client, session) as events:
                await _read(visit, events, start, length)
    except TimeoutError:
        visit.trouble = f"no whole text within {_PATIENCE} seconds"
    except httpx.HTTPError as error:
        visit.trouble = f"{type(error).__name__}: {error}"
    else:
        if (visit.first if visit.manner == LEAVES else visit.last) is None:
            visit.trouble = "the stream of events ended before the text"


async def _read(visit: Visit, events: httpx.Response, start: float, length: int) -> None:
    """Read a visitor's stream of events, to its end or until the visitor leaves."""
    async for line in events.aiter_lines():
        if visit.first is None and (written := _WRITTEN.search(line)) and written[1] != "0":
            visit.first = time.perf_counter() - start
            if visit.manner == LEAVES:
                return
        if _is(line, "process_completed"):
            visit.last = time.perf_counter() - start
            done = json.loads(line.removeprefix("data: "))
            (text,) = done["output"].get("data") or [{}]
            visit.text = text.get("text")
            written = _WRITTEN.search(line)
            if not done["success"]:
                visit.trouble = f"refused: {done['output']}"
            elif not written or int(written[1].replace(",", "")) != length:
                cut_short = "ended after" in line
                visit.trouble = (
                    CUT_SHORT if cut_short else f"{written[1] if written else 'none'} of {length} characters"
                )


def _events(client: httpx.AsyncClient, session: str) -> Any:
    return client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session})


def _is(line: str, message: str) -> bool:
    return line.startswith(f'data: {{"msg":"{message}"')
