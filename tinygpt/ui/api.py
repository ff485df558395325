"""The API endpoint /generate, through which programs write texts."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from tinygpt.fields import FieldError
from tinygpt.request import GenerationRequest, described, names, signature
from tinygpt.ui.components.events import WRITERS
from tinygpt.ui.services.session import DEADLINE, Session, StopSignal


def generate_api(blocks: gr.Blocks, session: Session) -> None:
    """Add the endpoint to a page. It streams the continuation so far; the last value is the whole continuation."""

    def generate(*values: Any) -> Iterator[str]:
        for continuation in session.write(GenerationRequest.of(values), StopSignal()):
            yield continuation.text

    # gradio takes the names, types and defaults of the arguments from these attributes.
    generate.__signature__ = signature().replace(return_annotation=str)
    generate.__annotations__ = {each.name: each.annotation for each in signature().parameters.values()} | {
        "return": str
    }
    generate.__doc__ = (
        "Continue a prompt. Streams the continuation so far; the last value is the whole continuation.\n\n"
        f"{described()} null turns top_k, top_p and stop off. A seed may be digits in a string, since JSON numbers "
        f"lose some of its 64 bits. A text ends early after {DEADLINE:.0f} seconds."
    )
    gr.api(generate, api_name="generate", concurrency_id=WRITERS)
    endpoint = next(fn for fn in blocks.fns.values() if fn.api_name == "generate")
    endpoint.validator = partial(validate, session)  # gr.api has no parameter for it


def validate(session: Session, *values: Any) -> list[dict]:
    """Check a request's values in order, for gradio: for each, whether it is valid and what is wrong with it."""
    try:
        session.check(GenerationRequest.of(values))
    except FieldError as error:
        return [gr.validate(name != error.field, str(error) if name == error.field else "") for name in names()]
    return [gr.validate(True, "")] * len(names())
