"""The tab that writes: a prompt and its continuation side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from tinygpt.config import MAX_LENGTH, MAX_PROMPT, SampleConfig
from tinygpt.output import as_text
from tinygpt.ui import render
from tinygpt.ui.api import WRITERS
from tinygpt.ui.look import Shown, looking
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
    look: gr.HTML  # candidates for a character of the leaf
    copy: gr.Button
    download: gr.Button
    output: gr.Textbox  # what output.txt will hold
    shown: gr.State  # a Shown, once there is a text


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

    results = [page.leaf, page.status, page.look, page.output, page.copy, page.download, page.shown, stop, seed_used]
    runs = [
        gr.on(
            [start.click, prompt.submit],
            _writer(session, page, stop, seed_used),
            [prompt, length, temperature, top_k, top_p, seed, until, strategy, beam_width, signal],
            results,
            concurrency_id=WRITERS,
            **_QUIET,
        ),
        page.look.select(
            _chooser(session, page, stop, seed_used),
            [page.shown, signal],
            results,
            concurrency_id=WRITERS,
            **_QUIET,
        ),
    ]
    looking(session, page.shown, page.leaf, page.look, [temperature, top_k, top_p])
    start.click(None, js="() => window.tinygpt.reveal()")
    stop.click(_stop, signal, queue=False, **_QUIET)
    clear.click(
        lambda: ("", render.leaf(""), render.status(), "", None, "", _OFF, _OFF, _OFF),
        outputs=[
            *(prompt, page.leaf, page.status, page.look, page.shown, seed_used),
            *(page.copy, page.download, stop),
        ],
        cancels=runs,
        queue=False,
        **_QUIET,
    )
    page.copy.click(None, js="() => window.tinygpt.copy()")
    page.download.click(None, page.output, js="text => window.tinygpt.download(text)")


def _writer(session: Session, page: Page, stop: gr.Button, seed_used: gr.Textbox) -> Callable[..., Iterator[dict]]:
    def write(prompt: str, *values: Any) -> Iterator[dict]:
        *values, signal = values
        try:
            settings = parse_settings(*values).seeded()
            session.check(prompt, settings)
        except ValueError as error:
            yield {page.status: render.refusal(error)}
            return
        yield {page.look: "", page.shown: None}
        yield from _written(session, page, stop, seed_used, Shown(prompt, "", settings), signal)

    return write


def _chooser(session: Session, page: Page, stop: gr.Button, seed_used: gr.Textbox) -> Callable[..., Iterator[dict]]:
    def choose(shown: Shown | None, signal: StopSignal, event: gr.EventData) -> Iterator[dict]:
        if shown is None or shown.place is None:
            return
        if event.character in [*session.tokenizer.vocabulary]:  # or it does not come from our page
            yield from _written(session, page, stop, seed_used, shown.steered(event.character), signal)

    return choose


def _written(
    session: Session, page: Page, stop: gr.Button, seed_used: gr.Textbox, shown: Shown, signal: StopSignal
) -> Iterator[dict]:
    """The page's changes while a text is written; of one that is written anew, what is kept stays in sight."""
    signal.reason = ""
    if not session.ready:
        yield {page.status: render.getting_ready()}
    kept = max(shown.chosen, default=-1)
    for draft in session.write(shown.prompt, shown.settings, signal, shown.chosen):
        if len(draft.continuation) > kept:
            yield {
                page.leaf: render.leaf(draft.continuation, draft.sureness, shown.chosen, writing=True),
                page.status: render.status(draft),
                page.copy: _OFF,
                page.download: _OFF,
                stop: _ON,
            }
    yield {
        page.leaf: render.leaf(draft.continuation, draft.sureness, shown.chosen),
        page.status: render.status(draft, ended=signal.reason),
        page.look: "",
        page.output: as_text(draft.prompt, draft.continuation),
        page.copy: _ON if draft.continuation else _OFF,
        page.download: _ON,
        page.shown: replace(shown, prompt=draft.prompt, continuation=draft.continuation, place=None),
        stop: _OFF,
        seed_used: str(draft.settings.seed) if draft.settings.draws else "",
    }


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
    leaf = gr.HTML(
        render.leaf(""), elem_id="leaf", elem_classes="tinted", js_on_load="window.tinygpt.follow(element, trigger)"
    )
    status = gr.HTML(render.status(), elem_id="status")
    with gr.Row():
        copy = gr.Button("Copy", interactive=False, size="sm", elem_id="copy", min_width=90)
        download = gr.Button("Download output.txt", interactive=False, size="sm", min_width=90)
    tint = gr.Checkbox(True, label="Tint what the model was unsure of", container=False)
    tint.change(None, tint, js="on => document.getElementById('leaf').classList.toggle('tinted', on)")
    look = gr.HTML("", elem_id="look", js_on_load="window.tinygpt.offer(element, trigger)")
    return Page(leaf, status, look, copy, download, gr.Textbox(visible=False), gr.State(None))
