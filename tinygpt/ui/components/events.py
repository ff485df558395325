"""What the events of all tabs share."""

from typing import Any

import gradio as gr

WRITERS = "writers"  # one concurrency limit for all texts, those of the page and of the endpoint
# Options of the page's own events: not part of the API, and without a spinner over the text.
QUIET = {"api_visibility": "private", "show_progress": "hidden"}


def calls(function: str, arguments: str = "") -> str:
    """JavaScript that calls a function of tinygpt/web/page.js, as soon as the page has loaded it."""
    return f"window.tinygpt.then((page) => page.{function}({arguments}))"


def event_value(event: gr.EventData, name: str) -> Any:
    """A value that the page's script sent with an event; None if it is missing, as only in a forged event."""
    try:
        return getattr(event, name)
    except (AttributeError, TypeError):
        return None
