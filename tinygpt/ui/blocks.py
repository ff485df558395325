"""The page: masthead, menu, tabs, endpoint."""

import gradio as gr

from tinygpt.ui import render
from tinygpt.ui.api import QUIET, generate_api
from tinygpt.ui.inside import inside_tab
from tinygpt.ui.ladder import ladder_tab
from tinygpt.ui.learned import learned_tab
from tinygpt.ui.menu import on_the_shelf, weights_menu
from tinygpt.ui.shelf import OWN, Shelf
from tinygpt.ui.train import train_tab
from tinygpt.ui.workshop import Workshop
from tinygpt.ui.write import write_tab

AT_ONCE = 64  # texts written at the same time, in turns
QUEUE = 40  # requests that may wait; whoever comes then is told that it is full


def build(shelf: Shelf, workshop: Workshop | None = None) -> gr.Blocks:
    """The whole page over the weights on the shelf; with a workshop, visitors can train and add to them."""

    def masthead(name: str) -> str:
        return render.masthead(shelf[name].parameters, shelf[name].facts)

    with gr.Blocks(title="tinygpt", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        head = gr.HTML(masthead(OWN))
        menu = weights_menu(shelf)
        with gr.Tab("Write"):
            written = write_tab(shelf, menu)
        with gr.Tab("Temperature"):
            ladder_tab(shelf, menu)
        with gr.Tab("Look inside") as inside:
            inside_tab(shelf, menu, inside, written)
        with gr.Tab("How it learned"):
            learned_tab(shelf, menu)
        if workshop:
            with gr.Tab("Train"):
                train_tab(shelf, menu, workshop)
            # The page was built when there was less to choose from.
            blocks.load(lambda: on_the_shelf(shelf), outputs=menu, queue=False, **QUIET)
        menu.change(masthead, menu, head, queue=False, **QUIET)
        generate_api(blocks, shelf[OWN])
    return blocks.queue(max_size=QUEUE, default_concurrency_limit=AT_ONCE)
