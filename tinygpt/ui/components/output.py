"""The output of the tab Write: the text, its status, its candidates, and what a visitor can do with it."""

from dataclasses import dataclass

import gradio as gr

from tinygpt.ui.components.candidates import build_candidates
from tinygpt.ui.components.events import calls, on_load
from tinygpt.ui.components.output_pane import build_output_pane


@dataclass(frozen=True)
class Output:
    """The components of the output: the text and what can be done with it."""

    pane: gr.HTML
    candidates: gr.HTML  # for one character of the text
    copy: gr.Button
    copy_link: gr.Button
    download: gr.Button
    json: gr.Textbox  # the share link as JSON


def build_output() -> Output:
    """Lay out the output."""
    pane = build_output_pane()
    gr.HTML(html_template='<p class="status"></p>', elem_id="status", js_on_load=on_load("status"))
    with gr.Row():
        copy = gr.Button("Copy", interactive=False, size="sm", elem_id="copy", min_width=90)
        link = gr.Button("Copy link", interactive=False, size="sm", elem_id="link", min_width=90)
        download = gr.Button("Download output.txt", interactive=False, size="sm", min_width=90)
    for button, function in ((copy, "copyText"), (link, "copyLink"), (download, "download")):
        button.click(None, js=f"() => {calls(function)}")
    tint = gr.Checkbox(True, label="Tint what the model was unsure of", container=False)
    tint.change(None, tint, js="on => document.getElementById('output-pane').classList.toggle('tinted', on)")
    candidates = build_candidates()
    with gr.Accordion("As JSON", open=False):
        json = gr.Textbox(
            label="Everything needed to write this text again",
            lines=3,
            interactive=False,
            buttons=["copy"],
            elem_id="json",
        )
    with gr.Accordion("Your texts", open=False):
        gr.HTML(html_template='<div class="texts"></div>', js_on_load=on_load("history"))
    return Output(pane, candidates, copy, link, download, json)
