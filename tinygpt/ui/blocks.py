"""The page as a whole: masthead, menu of weights, tabs and API endpoints."""

import inspect
from collections.abc import Iterable

import gradio as gr

from tinygpt.page.masthead import masthead
from tinygpt.page.preview import Preview
from tinygpt.ui.api import add_endpoints
from tinygpt.ui.components.engine_note import engine_note
from tinygpt.ui.components.events import QUIET, calls
from tinygpt.ui.components.footer import footer
from tinygpt.ui.components.weights_menu import menu_update, weights_menu
from tinygpt.ui.malformed import CheckedBlocks
from tinygpt.ui.partial_updates import PartialUpdates
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import MAX_CONCURRENT_TEXTS, MAX_REQUESTS
from tinygpt.ui.services.training_jobs import TrainingJobs
from tinygpt.ui.tabs.compare import compare_tab
from tinygpt.ui.tabs.inside import inside_tab
from tinygpt.ui.tabs.learned import learned_tab
from tinygpt.ui.tabs.train import how_to_train, train_tab, training_progress
from tinygpt.ui.tabs.write import write_tab


class Page(CheckedBlocks, PartialUpdates):
    """What `build` builds."""


def build(registry: Registry, training_jobs: TrainingJobs | None = None, *, local: bool = False) -> gr.Blocks:
    """Build the page for the weights in the registry. With `training_jobs`, visitors can train and add weights.

    Without, the page tells how to train at home, or if it is `local`, which only this machine can reach, how to start
    it so that they can.
    """

    def masthead_of(name: str) -> str:
        return masthead(registry[name].parameters, registry[name].facts)

    with Page(title=Preview(registry[MAIN].facts).title, analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        head = gr.HTML(masthead_of(MAIN))
        engine_note(blocks, registry[MAIN])
        menu = weights_menu(registry, growing=training_jobs is not None)
        progress = training_progress(offered=training_jobs is not None)
        with gr.Tabs(overflow_behavior="wrap"):  # the stylesheet then puts them on one line that scrolls
            with gr.Tab("Write"):
                written = write_tab(registry, menu)
            with gr.Tab("Compare") as compare:
                compare_tab(registry, menu, compare, written[0])
            with gr.Tab("Look inside") as inside:
                inside_tab(registry, menu, inside, written)
            with gr.Tab("How it learned") as learned:
                learned_tab(registry, menu, learned, written[0])
            with gr.Tab("Train") as train:
                if training_jobs:
                    train_tab(registry, menu, train, training_jobs, progress, prompt=written[0])
                else:
                    how_to_train(local=local)
        if training_jobs:  # weights may have been added since the page was built
            blocks.load(lambda: menu_update(registry), outputs=menu, queue=False, **QUIET)
        blocks.load(None, js=f"() => {calls('connectTabs')}", **QUIET)
        menu.change(masthead_of, menu, head, queue=False, **QUIET)
        footer(has_model_card=registry[MAIN].model_card is not None)
        add_endpoints(blocks, registry[MAIN])
    _keep_signatures({type(block) for block in blocks.blocks.values()})
    _keep_configs(blocks.blocks.values())
    return blocks.queue(max_size=MAX_REQUESTS, default_concurrency_limit=MAX_CONCURRENT_TEXTS)


def _keep_signatures(components: Iterable[type]) -> None:
    """Store the signatures of components' constructors where Python looks first when it is asked for them.

    gradio asks for them again and again, for every visitor and update: without this it takes up to twice as long.
    """
    for component in components:
        constructor = component.__init__
        while constructor:
            constructor.__signature__ = inspect.signature(constructor)
            constructor = getattr(constructor, "__wrapped__", None)


def _keep_configs(components: Iterable[gr.blocks.Block]) -> None:
    """Let each component answer from now on with the config that it has now. An updated component is a new one.

    gradio makes the configs of all components for every visitor: without this it takes five times as long.
    """
    for component in components:
        component.get_config = component.get_config().copy
