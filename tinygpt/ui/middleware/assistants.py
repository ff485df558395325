"""ASGI middleware that lets assistants call the endpoints by the Model Context Protocol (MCP)."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from html import unescape
from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import StreamableHTTPServerTransport
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinygpt import __version__
from tinygpt.fields import Bounds, Choice, Integer, Number, Text
from tinygpt.request import Request, Seed
from tinygpt.ui.middleware.bodies import MAX_BYTES, read_body, replayed

_PATHS = ("/gradio_api/mcp", "/gradio_api/mcp/")
logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of tools that are not there, by the names it was sent


class ServeAssistants:
    """ASGI middleware that answers the MCP at /gradio_api/mcp, with a tool for each of `endpoints`.

    gradio's own MCP server is not used: it calls the page through a client that no login lets in, in threads that a
    text occupies until its end whether or not anybody waits for it. Here a tool call becomes a request to the
    endpoint, with the headers of the assistant's. So it is checked, queued and bounded like any other, and ends when
    the assistant leaves. Sessions are not kept: each message is answered by itself.
    """

    def __init__(self, app: ASGIApp, *, endpoints: Mapping[str, tuple[type[Request], str]]):
        """`endpoints` maps names to what each takes, and what it does."""
        self.app, self.endpoints = app, endpoints
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
            await JSONResponse({"detail": "This is no message of the protocol."}, 400)(scope, receive, send)
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

        value = await self._value(context.request, name, list(asdict(request).values()), report)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return [types.TextContent(type="text", text=text)]

    async def _value(self, request: HTTPRequest, name: str, values: list[Any], report: Callable) -> Any:
        """The last value of an endpoint; `report` is called with those before. Raises ValueError for a refusal."""
        endpoint = f"{request.scope['path'].rstrip('/').removesuffix('mcp')}call/{name}"
        joined = bytearray()

        async def keep(part: bytes) -> None:
            joined.extend(part)

        status = await self._send(request.scope, "POST", endpoint, json.dumps({"data": values}).encode(), keep)
        answer = json.loads(joined)
        if status != 200:
            raise ValueError(_problem(answer["detail"]))
        last, unread = ("", None), b""

        async def read(part: bytes) -> None:
            nonlocal last, unread
            *events, unread = (unread + part).split(b"\n\n")
            for event in events:
                kind, data = (line.partition(b": ")[2] for line in event.split(b"\n"))
                if kind == b"heartbeat":
                    continue
                last = (kind.decode(), json.loads(data))
                if kind == b"generating":
                    await report(last[1][0])

        await self._send(request.scope, "GET", f"{endpoint}/{answer['event_id']}", b"", read)
        kind, data = last
        if kind != "complete":
            raise ValueError(_problem(data["error"] if isinstance(data, dict) else data))
        return data[0]

    async def _send(self, scope: Scope, method: str, path: str, body: bytes, read: Callable[[bytes], Any]) -> int:
        """Send a request to the app with the headers of another one; return the status. `read` gets the body."""
        own = {b"accept", b"accept-encoding", b"content-length", b"content-type", b"transfer-encoding"}
        headers = [(name, value) for name, value in scope["headers"] if name not in own]
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        status = 500

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                await read(message.get("body", b""))

        changed = {"method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        await self.app(scope | changed, replayed(body, anyio.sleep_forever), send)
        return status


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


def _problem(detail: str | list[dict[str, Any]]) -> str:
    """What is wrong with a request, from the answer that refuses it."""
    if isinstance(detail, str):
        return unescape(detail)
    return "; ".join(each["message"] for each in detail if each["message"])
