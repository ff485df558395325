"""The output of the tab Write: the text, its status, its candidates, and what a visitor can do with it."""

from dataclasses import dataclass

import gradio as gr

from tinygpt.ui.components.events import calls
from tinygpt.ui.components.output_pane import output_pane
from tinygpt.ui.components.status import status


@dataclass(frozen=True)
class Output:
    """The components of the output: the text and what can be done with it."""

    pane: gr.HTML
    status: gr.HTML
    candidates: gr.HTML  # for one character of the text
    copy: gr.Button
    copy_link: gr.Button
    download: gr.Button
    json: gr.Textbox  # the share link as JSON
    fragment: gr.Textbox  # the fragment of the share link; hidden
    file: gr.Textbox  # the content of output.txt; hidden
    displayed: gr.State  # a DisplayedText, or None while there is no finished text


def build_output() -> Output:
    """Lay out the output."""
    on_load = calls("outputPane", "element, trigger")
    pane = gr.HTML(output_pane(""), elem_id="output-pane", elem_classes="tinted", js_on_load=on_load)
    status_line = gr.HTML(status(), elem_id="status")
    with gr.Row():
        copy = gr.Button("Copy", interactive=False, size="sm", elem_id="copy", min_width=90)
        link = gr.Button("Copy link", interactive=False, size="sm", elem_id="link", min_width=90)
        download = gr.Button("Download output.txt", interactive=False, size="sm", min_width=90)
    tint = gr.Checkbox(True, label="Tint what the model was unsure of", container=False)
    tint.change(None, tint, js="on => document.getElementById('output-pane').classList.toggle('tinted', on)")
    candidates = gr.HTML("", elem_id="candidates", js_on_load=calls("candidates", "element, trigger"))
    with gr.Accordion("As JSON", open=False):
        json = gr.Textbox(
            label="Everything needed to write this text again",
            lines=3,
            interactive=False,
            buttons=["copy"],
            elem_id="json",
        )
    with gr.Accordion("Your texts", open=False):
        gr.HTML('<div class="texts"></div>', js_on_load=calls("history", "element"))
    hidden = [gr.Textbox(visible=False) for _ in range(2)]
    return Output(pane, status_line, candidates, copy, link, download, json, *hidden, gr.State(None))
