"""The menu at the top of the page in which a visitor chooses the weights to write with."""

from typing import Any

import gradio as gr

from tinygpt.ui.services.registry import MAIN, Registry


def weights_menu(registry: Registry) -> gr.Dropdown:
    """The menu. It is hidden while there is nothing to choose from."""
    return gr.Dropdown(
        registry.choices(),
        value=MAIN,
        label="Weights",
        filterable=False,
        interactive=True,
        visible=len(registry) > 1,
        elem_id="weights",
    )


def menu_update(registry: Registry, **value: str) -> dict[str, Any]:
    """An update of the menu to the registry's current weights; value=NAME chooses some of them."""
    return gr.update(choices=registry.choices(), visible=len(registry) > 1, **value)
