"""ASGI middleware that lets assistants call the endpoints by the Model Context Protocol (MCP)."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tinygpt import __version__
from tinygpt.fields import Bounds, Choice, Integer, Number, Text
from tinygpt.request import Request, Seed
from tinygpt.ui.middleware.bodies import MAX_BYTES, read_body, replayed
from tinygpt.ui.middleware.endpoint_calls import call_endpoint

_PATHS = ("/gradio_api/mcp", "/gradio_api/mcp/")


class ServeMCP:
    """ASGI middleware that answers assistants at /gradio_api/mcp, with a tool for each of `endpoints`.

    gradio's own MCP server is not used: it calls the page through a client that no login lets in, in threads that a
    text occupies until its end whether or not anybody waits for it. Here a tool call becomes a request to the
    endpoint, with the headers of the assistant's. So it is checked, queued and bounded like any other, and ends when
    the assistant leaves. Sessions are not kept: each message is answered by itself.
    """

    def __init__(self, app: ASGIApp, *, endpoints: Mapping[str, tuple[type[Request], str]]):
        """`endpoints` maps names to what each takes, and what it does."""
        self.app, self.endpoints = app, endpoints
        logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of unknown tools, by the names it was sent
        self._server = Server("tinygpt", __version__)
        self._server.list_tools()(self._tools)
        self._server.call_tool(validate_input=False)(self._call)  # requests say more clearly what is wrong

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a message of an assistant, or pass a request on."""
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in _PATHS:
            await self.app(scope, receive, send)
        elif scope["method"] != "POST":  # nothing is ever sent to an assistant but answers
            refusal = JSONResponse({"detail": "Assistants POST their messages here."}, 405, {"Allow": "POST"})
            await refusal(scope, receive, send)
        elif (body := await read_body(receive)) is None:
            await JSONResponse({"detail": f"A message has at most {MAX_BYTES:,} bytes."}, 413)(scope, receive, send)
        else:
            await self._read(body, scope, receive, send)

    async def _read(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a message, or refuse what is none: the library would log it, in the words of whoever sent it."""
        try:
            message = _without_halves(json.loads(body))
            read = types.JSONRPCMessage.model_validate_json(message).root
            if asks := isinstance(read, types.JSONRPCRequest):
                types.ClientRequest.model_validate(read.model_dump(by_alias=True, exclude_none=True))
        except (ValueError, RecursionError):
            await JSONResponse({"detail": "This is not a valid MCP message."}, 400)(scope, receive, send)
            return
        if asks:
            await self._answer(scope, replayed(message, receive), send)
        else:  # there is no session that it could be about
            await Response(status_code=202)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message, in a session that ends with it."""
        transport = StreamableHTTPServerTransport(mcp_session_id=None)

        async def serve(*, task_status: TaskStatus[None]) -> None:
            async with transport.connect() as streams:
                task_status.started()
                await self._server.run(*streams, self._server.create_initialization_options(), stateless=True)

        async with anyio.create_task_group() as tasks:
            await tasks.start(serve)
            await transport.handle_request(scope, receive, send)
            tasks.cancel_scope.cancel()  # if the assistant has left, what it asked for is still being written

    async def _tools(self) -> list[types.Tool]:
        return [
            types.Tool(name=name, description=description, inputSchema=schema(request))
            for name, (request, description) in self.endpoints.items()
        ]

    async def _call(self, name: str, arguments: dict[str, Any]) -> list[types.TextContent]:
        """Call an endpoint. Raises ValueError, whose message the assistant gets, if it is refused."""
        if name not in self.endpoints:
            raise ValueError(f"there is no tool {name!r:.80}, only {' and '.join(self.endpoints)}")
        request = self.endpoints[name][0].from_json(arguments)
        context = self._server.request_context
        token = context.meta and context.meta.progressToken

        async def report(text: str) -> None:
            if token is not None:
                await context.session.send_progress_notification(
                    token, len(text), getattr(request, "length", None), related_request_id=str(context.request_id)
                )

        path = f"{context.request.scope['path'].rstrip('/').removesuffix('mcp')}call/{name}"
        values = list(asdict(request).values())
        value = await call_endpoint(self.app, context.request.scope, path, values, report)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return [types.TextContent(type="text", text=text)]


def schema(request: type[Request]) -> dict[str, Any]:
    """What a tool takes, as a JSON schema: an object of a request's fields."""
    properties = {
        each.name: _kind(each.metadata["bounds"])
        | {"description": each.metadata["help"]}
        | ({} if each.default is None else {"default": each.default})
        for each in fields(request)
    }
    return {"type": "object", "properties": properties, "required": ["prompt"], "additionalProperties": False}


def _kind(bounds: Bounds) -> dict[str, Any]:
    """A field's bounds as a JSON schema."""
    match bounds:
        case Choice(options):
            return {"type": "string", "enum": list(options)}
        case Text(low, high):
            return {"type": "string", "minLength": low, "maxLength": high}
        case Number(low, high, above):
            return {"type": "number", "exclusiveMinimum" if above else "minimum": low, "maximum": high}
        case Seed():  # also its digits in a text, but assistants do better with one type
            return {"type": "integer", "minimum": bounds.low}
        case Integer(low, high):
            return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})
        case _:
            raise NotImplementedError(f"a schema for {bounds!r}")


def _without_halves(message: Any) -> bytes:
    """A message as JSON, without the halves of characters on which its readers fail."""
    return json.dumps(message, ensure_ascii=False).encode(errors="ignore")
