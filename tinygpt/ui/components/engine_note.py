"""The note above the tabs that says why texts come slowly; hidden where they do not."""

import gradio as gr

from tinygpt.ui.components.events import QUIET
from tinygpt.ui.components.status import html, slower_engine
from tinygpt.ui.services.session import Session

_SECONDS = 3  # between two questions whether the engine is loaded and compiled, until it is


def engine_note(blocks: gr.Blocks, session: Session) -> None:
    """Lay out the note and wire its events. It concerns all weights: they run on the engine that `session` has."""
    note, timer = gr.HTML(visible=False, elem_id="engine"), gr.Timer(_SECONDS, active=False)

    def show() -> tuple:
        if not session.loaded:
            return gr.skip(), gr.Timer(active=True)
        pending = session.engine().pending  # asked first: the faster engine may be ready a moment later
        text = html(slower_engine(session.engine()))
        return gr.update(value=text, visible=bool(text)), gr.Timer(active=pending)

    gr.on([blocks.load, timer.tick], show, outputs=[note, timer], queue=False, **QUIET)
