"""The menu at the head of the page that says which weights a visitor writes with."""

from typing import Any

import gradio as gr

from tinygpt.ui.shelf import OWN, Shelf


def weights_menu(shelf: Shelf) -> gr.Dropdown:
    """The menu; it is there once there is something to choose."""
    return gr.Dropdown(
        shelf.choices(),
        value=OWN,
        label="Weights",
        filterable=False,
        interactive=True,
        visible=len(shelf) > 1,
        elem_id="weights",
    )


def on_the_shelf(shelf: Shelf, **chosen: str) -> dict[str, Any]:
    """The menu's update for what is on the shelf by now; with value=NAME those are chosen."""
    return gr.update(choices=shelf.choices(), visible=len(shelf) > 1, **chosen)
