"""An assistant: the real client of the Model Context Protocol, set up as the documentation says."""

import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests import event_loop
from tests.ci import needed
from tests.documents import examples

mcp = needed("mcp")
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.types import CallToolResult  # noqa: E402


def assisted(page: httpx.Client, use: Callable[[mcp.ClientSession], Awaitable[Any]], **headers: str) -> Any:
    """What comes of `use` of a session with the page, whose requests have these headers."""

    async def run() -> Any:
        async with connected(page, **headers) as session:
            return await use(session)

    return event_loop.run(run())


@asynccontextmanager
async def connected(page: httpx.Client, **headers: str):
    (config,) = examples("docs/api.md", "json", str(page.base_url).rstrip("/"))
    url = json.loads(config)["mcpServers"]["tinygpt"]["url"]
    async with (
        httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        streamable_http_client(url, http_client=http) as (
            reader,
            writer,
            _,
        ),
        mcp.ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        yield session


def call(page: httpx.Client, tool: str, arguments: dict, **options: Any) -> CallToolResult:
    return assisted(page, lambda session: session.call_tool(tool, arguments, **options))
