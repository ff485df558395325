"""The API endpoints, through which programs write texts and ask what the model would write next."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from tinygpt.fields import FieldError
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, Request, described, names, signature
from tinygpt.ui.components.events import WRITERS
from tinygpt.ui.services.session import DEADLINE, Session, StopSignal


class Endpoint(NamedTuple):
    """What programs are told of an endpoint."""

    request: type[Request]
    summary: str
    notes: str  # for who calls it over HTTP


ENDPOINTS = {
    "generate": Endpoint(
        GenerationRequest,
        "Continue a prompt, character by character, in the manner of the text that the model was trained on. The "
        f"answer does not repeat the prompt. A text ends early after {DEADLINE:.0f} seconds.",
        "Streams the continuation so far; the last value is the whole continuation. null turns top_k, top_p and stop "
        "off. A seed may be digits in a string, since JSON numbers lose some of its 64 bits.",
    ),
    "probabilities": Endpoint(
        ProbabilitiesRequest,
        "The probability of each character that generate could write next with the same settings, most likely first. "
        "Temperature 1 without top_k and top_p gives the model's own "
        "probabilities.",
        "null turns top_k, top_p and top off.",
    ),
}


def add_endpoints(blocks: gr.Blocks, session: Session) -> None:
    """Add the endpoints to a page."""

    def generate(*values: Any) -> Iterator[str]:
        for continuation in session.write(GenerationRequest.of(values), StopSignal()):
            yield continuation.text

    def probabilities(*values: Any) -> list[dict[str, Any]]:
        candidates = session.probabilities(ProbabilitiesRequest.of(values))
        return [{"character": character, "probability": probability} for character, probability in candidates]

    _add(blocks, session, generate, answer=str)
    _add(blocks, session, probabilities, answer=list[dict[str, Any]])


def _add(blocks: gr.Blocks, session: Session, function: Callable, *, answer: type) -> None:
    """Add the endpoint of a function's name, whose values have the type `answer`."""
    name = function.__name__
    request, summary, notes = ENDPOINTS[name]
    # gradio takes the names, types and defaults of the arguments from these attributes.
    function.__signature__ = signature(request).replace(return_annotation=answer)
    parameters = signature(request).parameters.values()
    function.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": answer}
    function.__doc__ = f"{summary}\n\n{described(request)} {notes}"
    gr.api(function, api_name=name, concurrency_id=WRITERS)
    endpoint = next(fn for fn in blocks.fns.values() if fn.api_name == name)
    endpoint.validator = partial(validate, session, request)  # gr.api has no parameter for it


def validate(session: Session, request: type[Request], *values: Any) -> list[dict]:
    """Check a request's values in order, for gradio: for each, whether it is valid and what is wrong with it."""
    try:
        session.check(request.of(values))
    except FieldError as error:
        return [gr.validate(name != error.field, str(error) if name == error.field else "") for name in names(request)]
    return [gr.validate(True, "")] * len(names(request))
