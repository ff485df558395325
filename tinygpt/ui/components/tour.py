"""Three things to try, beside the first text."""

import gradio as gr

from tinygpt.ui.components.events import on_load


def tour() -> gr.HTML:
    """Lay out the list. The page's scripts draw it, and know what was done."""
    return gr.HTML(html_template="", elem_id="tour", js_on_load=on_load("tour"))
