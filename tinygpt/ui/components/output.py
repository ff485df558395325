"""The output of the tab Write: the text, its status, its candidates, and what a visitor can do with it."""

import json

import gradio as gr

from tinygpt.page import output
from tinygpt.request import bounds
from tinygpt.ui.components.events import on_load
from tinygpt.ui.components.texts import sample_text
from tinygpt.ui.services.session import Session

_LIMITS = json.dumps({name: bounds(name).high for name in ("prompt", "length")})


def build_output(session: Session) -> gr.HTML:
    """Lay out the output, with the sample of the session's weights in it. Its values are texts."""
    return gr.HTML(
        sample_text(session), html_template=output.output(), elem_id="output", js_on_load=on_load("output", _LIMITS)
    )
