"""The menu at the top of the page in which a visitor chooses the weights to write with."""

from typing import Any

import gradio as gr

from tinygpt.ui.components.events import on_load
from tinygpt.ui.services.registry import MAIN, Registry


def weights_menu(registry: Registry, *, growing: bool = False) -> gr.HTML:
    """The menu, whose value is the name of the chosen weights. It is hidden where there is nothing to choose from.

    Where weights may join it later, it is there from the beginning, so that nothing moves when they do. It
    is a list of the browser's own: gradio's opens as soon as the Tab key reaches it, and stays open.
    """
    return gr.HTML(
        MAIN,
        choices=weights_choices(registry),
        html_template="",
        js_on_load=on_load("weightsMenu"),
        visible=growing or len(registry) > 1,
        elem_id="weights",
    )


def menu_update(registry: Registry, **value: str) -> dict[str, Any]:
    """An update of the menu to the registry's current weights; value=NAME chooses some of them."""
    return gr.update(choices=weights_choices(registry), **value)


def weights_choices(registry: Registry) -> list[tuple[str, str, str]]:
    """The choices for the page's scripts: (label, name, first digits of the weights' sha256)."""
    return [
        (label, name, session.facts["weights_sha256"][:12])
        for label, name in registry.choices()
        if (session := registry.get(name))  # or it was deleted at this moment
    ]
