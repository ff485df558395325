"""The end of the page."""

import gradio as gr

from tinygpt.page.footer import footer as links_below
from tinygpt.ui.components.events import on_load


def footer(*, has_model_card: bool) -> gr.HTML:
    """Lay out the line. /model-card is linked only where the page has one."""
    links = {"Model card": "model-card"} if has_model_card else {}
    return gr.HTML(html_template=links_below({**links, "API": "api"}), elem_id="footer", js_on_load=on_load("glossary"))
