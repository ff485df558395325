"""The left-hand side of the tab that writes: the prompt, its examples, and how to go on from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.config import MAX_LENGTH, MAX_PROMPT, SampleConfig
from tinygpt.ui.api import QUIET
from tinygpt.ui.examples import EXAMPLES, examples_for, label
from tinygpt.ui.session import FIELDS, STRATEGIES
from tinygpt.ui.shelf import OWN, Shelf


@dataclass(frozen=True)
class Controls:
    """The parts of the left-hand side, in the order of a request's fields."""

    prompt: gr.Textbox
    length: gr.Slider
    temperature: gr.Slider
    top_k: gr.Slider
    top_p: gr.Slider
    seed: gr.Textbox
    until: gr.Textbox
    strategy: gr.Radio
    beam_width: gr.Slider
    seed_used: gr.Textbox
    start: gr.Button
    stop: gr.Button
    clear: gr.Button
    examples: list[gr.Button]
    weights: gr.Dropdown  # the page's menu
    fitted: gr.State  # the name of the weights that the other parts go with

    @property
    def fields(self) -> list[Component]:
        """Those that a request is made of."""
        return [getattr(self, item.name) for item in fields(self)][: len(FIELDS)]


def lay_out(shelf: Shelf, menu: gr.Dropdown) -> Controls:
    """The left-hand side, which goes with the weights that are chosen."""
    prompt, examples = _prompt(shelf, menu)
    length, temperature = _sliders()
    with gr.Row():
        start = gr.Button("Write", variant="primary", scale=2, min_width=90)
        stop = gr.Button("Stop", interactive=False, min_width=60)
        clear = gr.Button("Clear", min_width=60)
    with gr.Accordion("Advanced", open=False):
        strategy, top_k, top_p, beam_width, until = _choices(shelf[OWN].tokenizer.vocab_size)
        seed, seed_used = _seeds()
    settings = (length, temperature, top_k, top_p, seed, until, strategy, beam_width)
    controls = Controls(prompt, *settings, seed_used, start, stop, clear, examples, menu, gr.State(OWN))
    menu.change(
        _follower(shelf, controls),
        [menu, controls.fitted, prompt, top_k],
        [*examples, prompt, top_k, controls.fitted],
        queue=False,
        **QUIET,
    )
    return controls


def _follower(shelf: Shelf, controls: Controls) -> Callable[..., dict]:
    def follow(weights: str, fitted: str, prompt: str, top_k: int) -> dict:
        old, new = shelf[fitted], shelf[weights]
        vocab_size, examples = new.tokenizer.vocab_size, examples_for(new.folder)
        everything = top_k >= old.tokenizer.vocab_size  # no limit, then: the slider stays at its end
        untouched = weights != fitted and prompt in examples_for(old.folder)
        buttons = {button: gr.update(**_button(number, examples)) for number, button in enumerate(controls.examples)}
        return buttons | {
            controls.prompt: examples[0] if untouched else gr.skip(),
            controls.top_k: gr.update(value=vocab_size if everything else min(top_k, vocab_size), maximum=vocab_size),
            controls.fitted: weights,
        }

    return follow


def _prompt(shelf: Shelf, menu: gr.Dropdown) -> tuple[gr.Textbox, list[gr.Button]]:
    examples = examples_for(shelf[OWN].folder)
    prompt = gr.Textbox(
        examples[0],
        label="Prompt",
        info="Shift + Enter writes",
        placeholder="Begin, and the machine goes on from here …",
        lines=7,
        max_lines=30,
        max_length=MAX_PROMPT,
        elem_classes="prompt",
    )
    with gr.Row(elem_classes="examples"):
        buttons = [gr.Button(**_button(number, examples), size="sm") for number in range(len(EXAMPLES))]
    for number, button in enumerate(buttons):

        def fill(weights: str, number: int = number) -> str:
            return examples_for(shelf[weights].folder)[number]

        button.click(fill, menu, prompt, queue=False, **QUIET)
    return prompt, buttons


def _button(number: int, examples: Sequence[str]) -> dict[str, Any]:
    """What the button of an example shows, if there is an example for it."""
    there = number < len(examples)
    return {"value": label(examples[number]) if there else "", "visible": there}


def _sliders() -> tuple[Component, Component]:
    usual = SampleConfig()
    return (
        gr.Slider(1, MAX_LENGTH, usual.max_new_tokens, step=1, label="Length", info="characters"),
        gr.Slider(0, 2, usual.temperature, step=0.05, label="Temperature", info="0 plays safe, 2 is wild"),
    )


def _choices(vocab_size: int) -> tuple[Component, ...]:
    strategy = gr.Radio(STRATEGIES, value="sample", label="Strategy")
    with gr.Row():
        top_k = gr.Slider(1, vocab_size, vocab_size, step=1, label="Top-k", info="of the likeliest")
        top_p = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", info="of the probability")
    beam_width = gr.Slider(1, 8, 4, step=1, label="Beam width", info="for the strategy beam")
    until = gr.Textbox(label="Stop at", info="end before this text appears", max_length=100)
    return strategy, top_k, top_p, beam_width, until


def _seeds() -> tuple[gr.Textbox, gr.Textbox]:
    with gr.Row():
        seed = gr.Textbox(label="Seed", info="empty: a new one each time", max_length=20, elem_id="seed")
        used = gr.Textbox(label="Seed of this text", info="the one that drew it", interactive=False)
    gr.Button("Use this seed again", size="sm").click(lambda used: used, used, seed, queue=False, **QUIET)
    return seed, used
