"""The tab that shows what temperature does: one prompt, one seed, several temperatures side by side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile, zip_longest

import gradio as gr

from tinygpt.config import MAX_PROMPT
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, WRITERS
from tinygpt.ui.columns import Column, Stretches, legend, side_by_side
from tinygpt.ui.recipe import Recipe
from tinygpt.ui.session import StopSignal, parse_settings
from tinygpt.ui.shelf import Shelf
from tinygpt.writing import Draft

RUNGS = "0, 0.5, 0.8, 1.2"
MOST = 6
LENGTH = 400  # characters of each


def ladder_tab(shelf: Shelf, menu: gr.Dropdown) -> None:
    """Lay out the tab and wire it to the shelf."""
    signal = gr.State(StopSignal())
    with gr.Row():
        prompt = gr.Textbox("ROMEO:\n", label="One prompt", lines=2, max_length=MAX_PROMPT, scale=4, min_width=240)
        seed = gr.Textbox("1564", label="One seed", max_length=20, scale=1, min_width=120)
        temperatures = gr.Textbox(RUNGS, label="Temperatures", max_length=60, scale=2, min_width=160)
    with gr.Row():
        start = gr.Button("Write side by side", variant="primary", scale=2, min_width=90)
        stop = gr.Button("Stop", min_width=60)
    texts = gr.HTML(rungs([]), elem_id="ladder")
    gr.on(
        [start.click, prompt.submit, seed.submit, temperatures.submit],
        _writer(shelf),
        [prompt, seed, temperatures, menu, signal],
        texts,
        concurrency_id=WRITERS,
        **QUIET,
    )
    stop.click(StopSignal.stop, signal, queue=False, **QUIET)


def read_temperatures(text: str) -> list[float]:
    """The numbers in a list with commas. Raises ValueError where there are none, too many, or other things."""
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError(f"temperatures must be numbers with commas between them, not {text!r:.60}") from None
    if not 1 <= len(found) <= MOST:
        raise ValueError(f"temperatures must be 1 to {MOST} numbers, not {len(found)}")
    return found


def rungs(drafts: list[Draft], by_heart: Sequence[Stretches] = (), links: Sequence[str] = ()) -> str:
    """HTML of the texts, each marked where it parts from the one before it.

    Once they are written, it has what is by heart of each and the link that gives it again.
    """
    if not drafts:
        return '<p class="blank">The same dice at every temperature: see where the texts part.</p>'
    columns = [
        Column(
            f"{draft.settings.temperature:g}", draft.continuation, _parting(draft, before), known or (), link=link or ""
        )
        for draft, before, known, link in zip_longest(drafts, [drafts[0], *drafts[:-1]], by_heart, links)
    ]
    return side_by_side(columns) + f'<p class="status">{legend(by_heart)}</p>'


def _parting(draft: Draft, before: Draft) -> int | None:
    """The place from which on a text is another than the one before it; None where it never is."""
    pairs = zip(draft.continuation, before.continuation, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same if same < len(draft.continuation) else None


def _writer(shelf: Shelf) -> Callable[..., Iterator[str]]:
    def write(prompt: str, seed: str, temperatures: str, weights: str, signal: StopSignal) -> Iterator[str]:
        signal.reason = ""
        try:
            session = shelf[weights]
            first = parse_settings(LENGTH, 0.8, None, None, seed, None, "sample", None).seeded()
            rows = [replace(first, temperature=temperature) for temperature in read_temperatures(temperatures)]
            drafts = session.write_together(prompt, rows, signal)
        except ValueError as error:
            yield render.refusal(error)
            return
        for latest in drafts:
            yield rungs(latest)
        known = [session.by_heart(draft.continuation) or [] for draft in latest]
        sha256 = session.facts["weights_sha256"]
        yield rungs(latest, known, [Recipe(draft.prompt, draft.settings, sha256).query() for draft in latest])

    return write
