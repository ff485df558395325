"""The prompt of the tab Write, on another tab."""

import gradio as gr

from tinygpt.ui.components.events import calls


def prompt_box(written: gr.Textbox, elem_id: str) -> gr.Textbox:
    """A textbox that always holds the prompt of the tab Write: what is typed into one of them shows in both.

    The browser alone does it. A box that is being typed in gets nothing back: it is ahead of the others.
    """
    box = gr.Textbox(
        written.value,
        label="Prompt",
        lines=2,
        max_lines=4,
        elem_id=elem_id,
        scale=5,
        min_width=320,
    )
    written.change(None, written, box, js=f"(prompt) => {calls('samePrompt', f'{elem_id!r}, prompt')}")
    box.input(None, box, written, js="(prompt) => prompt")
    return box
