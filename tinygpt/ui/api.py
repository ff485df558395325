"""The endpoint /generate: what the page does, for programs."""

from functools import partial
from typing import Any, Literal

import gradio as gr

from tinygpt.ui.session import FIELDS, Session, StopSignal, parse_settings

WRITERS = "writers"  # page and endpoint share the places at the machine
# The page's own events: not part of the endpoint, and without spinners over the text.
QUIET = {"api_visibility": "private", "show_progress": "hidden"}


def told(event: gr.EventData, name: str) -> Any:
    """What the page's script says with an event; None where it says nothing, as only a forger's does."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None


def generate_api(blocks: gr.Blocks, session: Session) -> None:
    """Add the endpoint; its final value is the continuation as one string."""

    def generate(
        prompt: str,
        length: int = 500,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | str | None = None,
        stop: str | None = None,
        strategy: Literal["sample", "greedy", "beam"] = "sample",
        beam_width: int | None = 4,
    ) -> str:
        """Continue a prompt in the manner of Shakespeare's plays. Streams the text so far, ends with all of it.

        length: 1 to 5,000 characters. temperature: 0 to 2. top_k: 1 to the vocabulary, top_p: above 0
        to 1, both off when null. seed: 0 to 2^64 - 1, digits in a text where a number would lose some;
        the same seed gives the same text. stop: end before this text appears. strategy: sample, greedy
        or beam. beam_width: 1 to 8, for beam. After 60 seconds a text ends where it is.
        """
        settings = parse_settings(length, temperature, top_k, top_p, seed, stop, strategy, beam_width)
        for draft in session.write(prompt, settings, StopSignal()):
            yield draft.continuation

    gr.api(generate, api_name="generate", concurrency_id=WRITERS)
    endpoint = next(fn for fn in blocks.fns.values() if fn.api_name == "generate")
    endpoint.validator = partial(verdicts, session)  # gr.api has no argument for it


def verdicts(session: Session, prompt: object, *settings: object) -> list[dict]:
    """For each field of a request, whether it is fine and what is wrong: the form of gradio's validators."""
    try:
        session.check(prompt, parse_settings(*settings))
    except ValueError as error:
        first_word = str(error).split()[0]
        at_fault = first_word if first_word in FIELDS else "prompt"
        return [gr.validate(False, str(error)) if name == at_fault else gr.validate(True, "") for name in FIELDS]
    return [gr.validate(True, "")] * len(FIELDS)
