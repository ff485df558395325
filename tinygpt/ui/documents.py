"""What there is to read beside the page: the model card of its weights, and what its endpoints take."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from tinygpt.ui.api import ENDPOINTS

_FOR_THE_HUB = re.compile(r"\A---\n.*?\n---\n\s*(<!--.*?-->\s*)?", re.DOTALL)  # YAML, and a note on who wrote the file


def document_routes(model_card: Path | None) -> list[Route]:
    """The routes of /endpoints.json, and of /model-card where the weights have one."""

    async def serve_endpoints(_: Request) -> JSONResponse:
        return JSONResponse(endpoints())

    async def serve_model_card(_: Request) -> PlainTextResponse:
        return PlainTextResponse(_FOR_THE_HUB.sub("", model_card.read_text(encoding="utf-8")))

    card = [Route("/model-card", serve_model_card)] if model_card else []
    return [Route("/endpoints.json", serve_endpoints), *card]


def endpoints() -> list[dict[str, Any]]:
    """The endpoints, each with its name, what it does, and its arguments."""
    return [
        {
            "name": name,
            "about": f"{endpoint.summary} {endpoint.notes}",
            "arguments": [
                {
                    "name": each.name,
                    "default": each.default,
                    "bounds": str(each.metadata["bounds"]),
                    "help": each.metadata["help"],
                }
                for each in fields(endpoint.request)
            ],
        }
        for name, endpoint in ENDPOINTS.items()
    ]
