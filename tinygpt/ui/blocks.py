"""The page: masthead, tabs, endpoint."""

from pathlib import Path

import gradio as gr

from tinygpt.ui import render
from tinygpt.ui.api import generate_api
from tinygpt.ui.inside import inside_tab
from tinygpt.ui.ladder import ladder_tab
from tinygpt.ui.session import Session
from tinygpt.ui.training import training_tab
from tinygpt.ui.write import write_tab

AT_ONCE = 64  # texts written at the same time, in turns
QUEUE = 40  # requests that may wait; whoever comes then is told that it is full


def build(session: Session, folder: Path) -> gr.Blocks:
    """The whole page over one loaded checkpoint; `folder` is where it came from."""
    with gr.Blocks(title="tinygpt", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        gr.HTML(render.masthead(session.parameters, session.facts))
        with gr.Tab("Write"):
            written = write_tab(session)
        with gr.Tab("Temperature"):
            ladder_tab(session)
        with gr.Tab("Look inside") as inside:
            inside_tab(session, inside, written)
        with gr.Tab("How it learned"):
            training_tab(session, folder)
        generate_api(blocks, session)
    return blocks.queue(max_size=QUEUE, default_concurrency_limit=AT_ONCE)
