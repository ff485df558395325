"""The tab that writes: a prompt and its continuation side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.config import MAX_LENGTH, MAX_PROMPT, SampleConfig
from tinygpt.output import as_text
from tinygpt.ui import render
from tinygpt.ui.api import WRITERS
from tinygpt.ui.session import STRATEGIES, Session, StopSignal, parse_settings

EXAMPLES = (
    "ROMEO:\n",
    "First Citizen:\nWho hath hidden the charger of my phone?\n\nSecond Citizen:\n",
    "KING RICHARD:\nMy coffee is grown cold, and",
    "JULIET:\nThe moon is late to-night. O, tell me,",
)
# The page's own events: not part of the endpoint, and without spinners over the text.
_QUIET = {"api_visibility": "private", "show_progress": "hidden"}
_ON, _OFF = gr.update(interactive=True), gr.update(interactive=False)


@dataclass(frozen=True)
class Page:
    """The parts of the right-hand side."""

    leaf: gr.HTML
    status: gr.HTML
    copy: gr.Button
    download: gr.Button
    output: gr.Textbox  # what output.txt will hold


def write_tab(session: Session) -> None:
    """Lay out the tab and wire it to the session."""
    signal = gr.State(StopSignal())  # each visitor gets a copy
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            prompt = _prompt()
            length, temperature = _sliders()
            with gr.Row():
                start = gr.Button("Write", variant="primary", scale=2, min_width=90)
                stop = gr.Button("Stop", interactive=False, min_width=60)
                clear = gr.Button("Clear", min_width=60)
            with gr.Accordion("Advanced", open=False):
                strategy, top_k, top_p, beam_width, until = _choices(session.tokenizer.vocab_size)
                seed, seed_used = _seeds()
        with gr.Column(scale=7, min_width=320):
            page = _page()

    run = gr.on(
        [start.click, prompt.submit],
        _writer(session, page, stop, seed_used),
        [prompt, length, temperature, top_k, top_p, seed, until, strategy, beam_width, signal],
        [page.leaf, page.status, page.output, page.copy, page.download, stop, seed_used],
        concurrency_id=WRITERS,
        **_QUIET,
    )
    start.click(None, js="() => window.tinygpt.reveal()")
    stop.click(_stop, signal, queue=False, **_QUIET)
    clear.click(
        lambda: ("", render.leaf(""), render.status(), "", _OFF, _OFF, _OFF),
        outputs=[prompt, page.leaf, page.status, seed_used, page.copy, page.download, stop],
        cancels=run,
        queue=False,
        **_QUIET,
    )
    page.copy.click(None, js="() => window.tinygpt.copy()")
    page.download.click(None, page.output, js="text => window.tinygpt.download(text)")


def _writer(session: Session, page: Page, stop: gr.Button, seed_used: gr.Textbox) -> Callable[..., Iterator[dict]]:
    def write(prompt: str, *values: Any) -> Iterator[dict]:
        *values, signal = values
        signal.reason = ""
        try:
            settings = parse_settings(*values).seeded()
            session.check(prompt, settings)
            if not session.ready:
                yield {page.status: render.getting_ready()}
            drafts = session.write(prompt, settings, signal)
        except ValueError as error:
            yield {page.status: render.refusal(error)}
            return
        for draft in drafts:
            yield {
                page.leaf: render.leaf(draft.continuation, writing=True),
                page.status: render.status(draft),
                page.copy: _OFF,
                page.download: _OFF,
                stop: _ON,
            }
        yield {
            page.leaf: render.leaf(draft.continuation),
            page.status: render.status(draft, ended=signal.reason),
            page.output: as_text(draft.prompt, draft.continuation),
            page.copy: _ON if draft.continuation else _OFF,
            page.download: _ON,
            stop: _OFF,
            seed_used: str(settings.seed) if settings.draws else "",
        }

    return write


def _stop(signal: StopSignal) -> None:
    signal.reason = "stopped"


def _prompt() -> gr.Textbox:
    prompt = gr.Textbox(
        EXAMPLES[0],
        label="Prompt",
        info="Shift + Enter writes",
        placeholder="Begin, and the machine goes on from here …",
        lines=7,
        max_lines=30,
        max_length=MAX_PROMPT,
        elem_classes="prompt",
    )
    with gr.Row(elem_classes="examples"):
        for example in EXAMPLES:
            speaker = example.split(":")[0]
            gr.Button(speaker, size="sm").click(lambda text=example: text, outputs=prompt, queue=False, **_QUIET)
    return prompt


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
    gr.Button("Use this seed again", size="sm").click(lambda used: used, used, seed, queue=False, **_QUIET)
    return seed, used


def _page() -> Page:
    leaf = gr.HTML(render.leaf(""), elem_id="leaf", js_on_load="window.tinygpt.follow(element)")
    status = gr.HTML(render.status(), elem_id="status")
    with gr.Row():
        copy = gr.Button("Copy", interactive=False, size="sm", elem_id="copy", min_width=90)
        download = gr.Button("Download output.txt", interactive=False, size="sm", min_width=90)
    return Page(leaf, status, copy, download, gr.Textbox(visible=False))
