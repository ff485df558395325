"""The tab that writes: a prompt and its continuation side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.output import as_text
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, WRITERS, told
from tinygpt.ui.controls import Controls, lay_out
from tinygpt.ui.look import Shown, looking
from tinygpt.ui.menu import on_the_shelf
from tinygpt.ui.recipe import Recipe, read_recipe
from tinygpt.ui.session import Session, StopSignal, parse_settings
from tinygpt.ui.shelf import Shelf

_ON, _OFF = gr.update(interactive=True), gr.update(interactive=False)


@dataclass(frozen=True)
class Page:
    """The parts of the right-hand side."""

    leaf: gr.HTML
    status: gr.HTML
    look: gr.HTML  # candidates for a character of the leaf
    copy: gr.Button
    link: gr.Button
    download: gr.Button
    recipe: gr.Textbox
    output: gr.Textbox  # what output.txt will hold
    shown: gr.State  # a Shown, once there is a text


def write_tab(shelf: Shelf, menu: gr.Dropdown) -> list[Component]:
    """Lay out the tab and wire it to the shelf.

    Returns what there is to look into: the State of a Shown, the prompt, the menu, and the sliders of temperature,
    top-k and top-p.
    """
    signal = gr.State(StopSignal())  # each visitor gets a copy
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            controls = lay_out(shelf, menu)
        with gr.Column(scale=7, min_width=320):
            page = _page()
    results = [getattr(page, item.name) for item in fields(page)] + [controls.stop, controls.seed_used]
    writing = {"concurrency_id": WRITERS, **QUIET}
    runs = [
        gr.on(
            [controls.start.click, controls.prompt.submit],
            _writer(shelf, controls, page),
            [*controls.fields, menu, signal],
            results,
            **writing,
        ),
        page.look.select(_chooser(shelf, controls, page), [page.shown, signal], results, **writing),
        page.leaf.apply(
            _opener(shelf, controls, page),
            [menu, signal],
            [*controls.fields, menu, controls.fitted, *results],
            **writing,
        ),
    ]
    sliders = [controls.temperature, controls.top_k, controls.top_p]
    looking(shelf, menu, page.shown, page.leaf, page.look, sliders)
    controls.start.click(None, js="() => window.tinygpt.reveal()")
    controls.stop.click(StopSignal.stop, signal, queue=False, **QUIET)
    empty = {page.leaf: render.leaf(""), page.status: render.status(), page.look: "", page.shown: None, page.recipe: ""}
    empty |= dict.fromkeys((page.copy, page.link, page.download, controls.stop), _OFF)
    empty |= {controls.prompt: "", controls.seed_used: ""}
    controls.clear.click(lambda: empty, outputs=list(empty), cancels=runs, queue=False, **QUIET)
    page.copy.click(None, js="() => window.tinygpt.copy()")
    page.link.click(None, page.recipe, js="recipe => window.tinygpt.link(recipe)")
    page.download.click(None, page.output, js="text => window.tinygpt.download(text)")
    return [page.shown, controls.prompt, menu, *sliders]


def _writer(shelf: Shelf, controls: Controls, page: Page) -> Callable[..., Iterator[dict]]:
    def write(prompt: str, *values: Any) -> Iterator[dict]:
        *values, weights, signal = values
        try:
            session = shelf[weights]  # held: the text ends on it, whatever is chosen meanwhile
            recipe = Recipe(prompt, parse_settings(*values).seeded(), session.facts["weights_sha256"])
            session.check(prompt, recipe.settings)
        except ValueError as error:
            yield {page.status: render.refusal(error)}
            return
        yield {page.look: ""}
        yield from _written(session, controls, page, recipe, signal)

    return write


def _chooser(shelf: Shelf, controls: Controls, page: Page) -> Callable[..., Iterator[dict]]:
    """At a press on a candidate: the text with it in its place, by the weights that wrote the text."""

    def choose(shown: Shown | None, signal: StopSignal, event: gr.EventData) -> Iterator[dict]:
        if shown is None or shown.place is None:
            return
        session, character = shelf.of(shown.recipe.weights_sha256), told(event, "character")
        if character in [*session.tokenizer.vocabulary]:
            yield from _written(session, controls, page, shown.steered(character), signal)

    return choose


def _opener(shelf: Shelf, controls: Controls, page: Page) -> Callable[..., Iterator[dict]]:
    """When the page was opened by the link of a text: that text, by the weights that wrote it if they are here."""

    def opened(weights: str, signal: StopSignal, event: gr.EventData) -> Iterator[dict]:
        try:
            recipe = read_recipe(told(event, "recipe"))
            weights = shelf.name_of(recipe.weights_sha256) or weights
            session = shelf[weights]
            session.check(recipe.prompt, recipe.settings)
            session.tokenizer.encode("".join(recipe.chosen.values()))
        except ValueError as error:
            yield {page.status: render.refusal(error)}
            return
        vocab_size = session.tokenizer.vocab_size
        filled = dict(zip(controls.fields, _values(recipe, vocab_size), strict=True))
        filled[controls.top_k] = gr.update(value=filled[controls.top_k], maximum=vocab_size)
        yield filled | {controls.weights: on_the_shelf(shelf, value=weights), controls.fitted: weights, page.look: ""}
        other = recipe.weights_sha256 != session.facts["weights_sha256"]
        for changes in _written(session, controls, page, recipe, signal):
            if other and page.status in changes:
                changes[page.status] += render.other_weights(recipe.weights_sha256)
            yield changes

    return opened


def _values(recipe: Recipe, vocab_size: int) -> list[Any]:
    """What the controls show for a recipe."""
    settings = recipe.settings
    return [
        *(recipe.prompt, settings.max_new_tokens, settings.temperature, settings.top_k or vocab_size),
        *(settings.top_p or 1, str(settings.seed), settings.stop or "", recipe.strategy, settings.beam_width or 4),
    ]


def _written(session: Session, controls: Controls, page: Page, recipe: Recipe, signal: StopSignal) -> Iterator[dict]:
    """The page's changes while a text is written; of one that is written anew, what is kept stays in sight."""
    signal.reason = ""
    yield {page.shown: None}  # what is looked at goes with a text that is whole
    if not session.ready:
        yield {page.status: render.getting_ready()}
    kept = max(recipe.chosen, default=-1)
    for draft in session.write(recipe.prompt, recipe.settings, signal, recipe.chosen):
        if len(draft.continuation) > kept:
            yield {
                page.leaf: render.leaf(draft.continuation, draft.sureness, recipe.chosen, writing=True),
                page.status: render.status(draft),
                page.copy: _OFF,
                page.link: _OFF,
                page.download: _OFF,
                controls.stop: _ON,
            }
    here, by_heart = session.facts["weights_sha256"], session.by_heart(draft.continuation)
    recipe = replace(recipe, prompt=draft.prompt, settings=draft.settings, weights_sha256=here)
    again = recipe.until(len(draft.continuation)).json() if signal.reason else recipe.json()
    yield {
        page.leaf: render.leaf(draft.continuation, draft.sureness, recipe.chosen, by_heart or [], recipe=again),
        page.status: render.status(draft, ended=signal.reason) + render.memorised(draft.continuation, by_heart),
        page.look: "",
        page.recipe: again,
        page.output: as_text(draft.prompt, draft.continuation),
        page.copy: _ON if draft.continuation else _OFF,
        page.link: _ON,
        page.download: _ON,
        page.shown: Shown(recipe, draft.continuation),
        controls.stop: _OFF,
        controls.seed_used: str(draft.settings.seed) if draft.settings.draws else "",
    }


def _page() -> Page:
    follow = "window.tinygpt.follow(element, trigger)"
    leaf = gr.HTML(render.leaf(""), elem_id="leaf", elem_classes="tinted", js_on_load=follow)
    status = gr.HTML(render.status(), elem_id="status")
    with gr.Row():
        copy = gr.Button("Copy", interactive=False, size="sm", elem_id="copy", min_width=90)
        link = gr.Button("Copy link", interactive=False, size="sm", elem_id="link", min_width=90)
        download = gr.Button("Download output.txt", interactive=False, size="sm", min_width=90)
    tint = gr.Checkbox(True, label="Tint what the model was unsure of", container=False)
    tint.change(None, tint, js="on => document.getElementById('leaf').classList.toggle('tinted', on)")
    look = gr.HTML("", elem_id="look", js_on_load="window.tinygpt.offer(element, trigger)")
    with gr.Accordion("Recipe", open=False):
        recipe = gr.Textbox(
            label="All that it takes to write this text again",
            lines=3,
            interactive=False,
            buttons=["copy"],
            elem_id="recipe",
        )
    with gr.Accordion("Your texts", open=False):
        gr.HTML('<div class="texts"></div>', js_on_load="window.tinygpt.texts(element)")
    return Page(leaf, status, look, copy, link, download, recipe, gr.Textbox(visible=False), gr.State(None))
