"""Run a coroutine from a test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(coroutine: Coroutine) -> Any:
    """Return what a coroutine returns. It runs in a thread, since Playwright keeps an event loop in the main one."""
    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, coroutine).result()
