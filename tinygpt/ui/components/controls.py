"""The controls of the tab Write: the prompt, example prompts, and the settings of a request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.page.examples import EXAMPLES, label
from tinygpt.page.labels import LABELS, STRATEGIES, STRATEGY_INFO
from tinygpt.page.sliders import sliders
from tinygpt.request import GenerationRequest, bounds, default, names
from tinygpt.ui.components.events import QUIET
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session

_SAMPLING = ("temperature", "top_k", "top_p")
_PRIVACY = '<p class="privacy">What you type is not stored on the server.</p>'


@dataclass(frozen=True)
class Controls:
    """The components of the controls."""

    request: dict[str, Component]  # the component for each field of a GenerationRequest, in order
    seed_used: gr.Textbox
    start: gr.Button
    stop: gr.Button
    clear: gr.Button
    examples: list[gr.Button]
    weights: gr.HTML  # the menu of weights
    fitted: gr.State  # the name of the weights that the other components are set up for

    @property
    def sampling(self) -> list[Component]:
        """The sliders for temperature, top-k and top-p, in the order of sampling_settings."""
        return [self.request[name] for name in _SAMPLING]


def build_controls(registry: Registry, menu: gr.HTML) -> Controls:
    """Lay out the controls, and adapt examples and top-k when other weights are chosen in the menu."""
    prompt, examples = _prompt(registry, menu)
    parts = {"prompt": prompt} | _sliders()
    with gr.Row():
        start = gr.Button("Write", variant="primary", scale=2, min_width=90, elem_id="write")
        stop = gr.Button("Stop", interactive=False, min_width=60, elem_id="stop")
        clear = gr.Button("Clear", min_width=60)
    with gr.Accordion("Advanced", open=False, elem_classes="advanced"):
        parts |= _advanced(registry[MAIN].tokenizer.vocab_size)
        parts["seed"], seed_used = _seeds()
    gr.HTML(_PRIVACY)
    request = {name: parts[name] for name in names()}
    controls = Controls(request, seed_used, start, stop, clear, examples, menu, gr.State(MAIN))
    menu.change(
        _weights_listener(registry, controls),
        [menu, controls.fitted, prompt, request["top_k"]],
        [*examples, prompt, request["top_k"], controls.fitted],
        queue=False,
        **QUIET,
    )
    return controls


def request_of(fields: Any, vocab_size: int) -> GenerationRequest:
    """The request that the controls show, from their values by name. Raises ValueError."""
    if not isinstance(fields, dict) or fields.keys() != set(names()):
        raise ValueError("this form does not belong to this page: reload the page")
    sliders = [fields[name] for name in _SAMPLING]
    return GenerationRequest(**fields | sampling_settings(vocab_size, *sliders))


def sampling_settings(vocab_size: int, temperature: Any, top_k: Any, top_p: Any) -> dict[str, Any]:
    """The fields of a request that three sliders show. The right end of top-k and top-p means no limit."""
    return {
        "temperature": temperature,
        "top_k": None if top_k == vocab_size else top_k,
        "top_p": None if top_p == 1 else top_p,
    }


def control_values(request: GenerationRequest, vocab_size: int) -> dict[str, Any]:
    """The values of the controls that show a request, by the names of its fields."""
    values = {name: getattr(request, name) for name in names()}
    return values | {
        "top_k": request.top_k or vocab_size,
        "top_p": request.top_p or 1,
        "seed": "" if request.seed is None else str(request.seed),
        "stop": request.stop or "",
        "beam_width": request.beam_width or default("beam_width"),
    }


def _weights_listener(registry: Registry, controls: Controls) -> Callable[..., dict]:
    prompt_box, top_k_slider = controls.request["prompt"], controls.request["top_k"]

    def adapt(weights: str, fitted: str, prompt: str, top_k: int) -> dict:
        old, new = registry.get(fitted), registry[weights]  # the old ones may have been deleted
        vocab_size, examples = new.tokenizer.vocab_size, new.examples
        buttons = {
            button: gr.update(**_button_options(number, examples)) for number, button in enumerate(controls.examples)
        }
        if weights == fitted:  # by a share link, whose prompt and top-k may not have arrived in the page yet
            return buttons
        unlimited = old is None or top_k >= old.tokenizer.vocab_size  # the slider stays at its right end
        untouched = old is not None and prompt in (_first_prompt(old), *old.examples)
        return buttons | {
            prompt_box: _first_prompt(new) if untouched else gr.skip(),
            top_k_slider: gr.update(value=vocab_size if unlimited else min(top_k, vocab_size), maximum=vocab_size),
            controls.fitted: weights,
        }

    return adapt


def _first_prompt(session: Session) -> str:
    """The prompt that the form begins with: that of the sample in view, or else an example."""
    return session.sample.request.prompt if session.sample else session.examples[0]


def _prompt(registry: Registry, menu: gr.HTML) -> tuple[gr.Textbox, list[gr.Button]]:
    examples = registry[MAIN].examples
    prompt = gr.Textbox(
        _first_prompt(registry[MAIN]),
        label=LABELS["prompt"],
        info="Shift + Enter to write",
        placeholder="Begin here, and the model continues …",
        lines=3,
        max_lines=30,
        elem_classes="prompt",
    )
    with gr.Row(elem_classes="examples"):
        buttons = [gr.Button(**_button_options(number, examples), size="sm") for number in range(len(EXAMPLES))]
    for number, button in enumerate(buttons):

        def fill(weights: str, number: int = number) -> str:
            return registry[weights].examples[number]

        button.click(fill, menu, prompt, queue=False, **QUIET)
    return prompt, buttons


def _button_options(number: int, examples: Sequence[str]) -> dict[str, Any]:
    """The label of an example's button, which is hidden if there is no such example."""
    exists = number < len(examples)
    return {"value": label(examples[number]) if exists else "", "visible": exists}


def _sliders() -> dict[str, Component]:
    with gr.Row(elem_classes="sliders"):
        return {"length": _slider("length", elem_id="length"), "temperature": _slider("temperature")}


def _advanced(vocab_size: int) -> dict[str, Component]:
    names = [(STRATEGIES[value], value) for value in bounds("strategy").options]
    strategy = gr.Radio(names, value=default("strategy"), label=LABELS["strategy"], info=STRATEGY_INFO)
    beam_width = _slider("beam_width", visible=False)
    beams = "strategy => ({ __type__: 'update', visible: strategy === 'beam' })"
    strategy.change(None, strategy, beam_width, js=beams)
    with gr.Row(elem_classes="sliders"):
        top_k, top_p = _slider("top_k", vocab_size), _slider("top_p")
    stop = gr.Textbox(label=LABELS["stop"], info="ends before this text appears")
    return {"strategy": strategy, "top_k": top_k, "top_p": top_p, "beam_width": beam_width, "stop": stop}


def _slider(name: str, vocab_size: int = 0, **options: Any) -> gr.Slider:
    return gr.Slider(**sliders(vocab_size)[name]._asdict(), min_width=120, **options)


def _seeds() -> tuple[gr.Textbox, gr.Textbox]:
    with gr.Row():
        seed = gr.Textbox(
            label=LABELS["seed"],
            info="leave empty for a new one each time",
            elem_id="seed",
            min_width=120,
        )
        used = gr.Textbox(label="Seed used", info="for the text shown", interactive=False, min_width=120)
    gr.Button("Use this seed again", size="sm").click(lambda used: used, used, seed, queue=False, **QUIET)
    return seed, used
