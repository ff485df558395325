"""The tab that writes: a prompt and its continuation side by side."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tinygpt.config import MAX_LENGTH, MAX_PROMPT, SampleConfig
from tinygpt.output import as_text
from tinygpt.ui import render
from tinygpt.ui.api import verdicts
from tinygpt.ui.session import STRATEGIES, Session, Wish, parse_settings

EXAMPLES = (
    "ROMEO:\n",
    "First Citizen:\nWho hath hidden the charger of my phone?\n\nSecond Citizen:\n",
    "KING RICHARD:\nMy coffee is grown cold, and",
    "JULIET:\nThe moon is late to-night. O, tell me,",
)


def write_tab(session: Session) -> None:
    """Lay out the tab and wire it to the session."""
    defaults = SampleConfig()
    wish = gr.State(Wish())
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
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
                    button = gr.Button(_title(example), size="sm")
                    button.click(lambda text=example: text, outputs=prompt, api_visibility="private", queue=False)
            length = gr.Slider(1, MAX_LENGTH, defaults.max_new_tokens, step=1, label="Length", info="characters")
            temperature = gr.Slider(
                0, 2, defaults.temperature, step=0.05, label="Temperature", info="0 plays safe, 2 is wild"
            )
            with gr.Row():
                start = gr.Button("Write", variant="primary", elem_id="write", scale=2, min_width=90)
                stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=60)
                clear = gr.Button("Clear", elem_id="clear", min_width=60)
            with gr.Accordion("Advanced", open=False):
                strategy = gr.Radio(STRATEGIES, value="sample", label="Strategy")
                with gr.Row():
                    top_k = gr.Slider(
                        1,
                        session.tokenizer.vocab_size,
                        session.tokenizer.vocab_size,
                        step=1,
                        label="Top-k",
                        info="of the likeliest",
                    )
                    top_p = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", info="of the probability")
                beam_width = gr.Slider(1, 8, 4, step=1, label="Beam width", info="for the strategy beam")
                with gr.Row():
                    seed = gr.Textbox(label="Seed", info="empty: a new one each time", max_length=20, elem_id="seed")
                    seed_used = gr.Textbox(label="Seed of this text", interactive=False, elem_id="seed-used")
                reuse = gr.Button("Use this seed again", size="sm", elem_id="reuse")
                until = gr.Textbox(label="Stop at", info="end before this text appears", max_length=100)
        with gr.Column(scale=7, min_width=320):
            leaf = gr.HTML(render.leaf(""), elem_id="leaf", js_on_load="window.tinygpt.follow(element)")
            status = gr.HTML(render.status(), elem_id="status")
            with gr.Row():
                copy = gr.Button("Copy", size="sm", elem_id="copy", min_width=90)
                download = gr.Button("Download output.txt", size="sm", elem_id="download", min_width=90)
    output_text = gr.Textbox(visible=False)

    def show(prompt: str, *values: Any) -> Iterator[dict]:
        *values, wish = values
        wish.stop = False
        settings = parse_settings(*values).seeded()
        for draft in session.write(prompt, settings, wish):
            yield {
                leaf: render.leaf(draft.continuation, writing=True),
                status: render.status(draft),
                stop: gr.Button(interactive=True),
            }
        yield {
            leaf: render.leaf(draft.continuation),
            status: render.status(draft, stopped=wish.stop),
            stop: gr.Button(interactive=False),
            seed_used: str(settings.seed),
            output_text: as_text(draft.prompt, draft.continuation),
        }

    run = gr.on(
        [start.click, prompt.submit],
        show,
        [prompt, length, temperature, top_k, top_p, seed, until, strategy, beam_width, wish],
        [leaf, status, stop, seed_used, output_text],
        validator=lambda *values: [*verdicts(session, *values[:-1]), gr.validate(True, "")],  # the wish is always fine
        show_progress="hidden",
        api_visibility="private",
    )
    start.click(None, js="() => window.tinygpt.reveal()")
    stop.click(_stop, wish, queue=False, show_progress="hidden", api_visibility="private")
    clear.click(
        lambda: ("", render.leaf(""), render.status(), "", gr.Button(interactive=False)),
        outputs=[prompt, leaf, status, output_text, stop],
        cancels=run,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    reuse.click(lambda used: used, seed_used, seed, queue=False, show_progress="hidden", api_visibility="private")
    copy.click(None, js="() => window.tinygpt.copy()")
    download.click(None, output_text, js="text => window.tinygpt.download(text)")


def _stop(wish: Wish) -> None:
    wish.stop = True


def _title(example: str) -> str:
    return example.split("\n")[0].strip(":")
