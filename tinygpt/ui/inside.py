"""The tab that looks inside: what every head attends to in a text, and the machine as it reads one character."""

import zlib
from base64 import b64encode
from dataclasses import dataclass, replace
from html import escape

import gradio as gr
import numpy as np
from gradio.components import Component

from tinygpt.config import SampleConfig, check_integer
from tinygpt.inspection import expected
from tinygpt.sampling import uniform
from tinygpt.trace import Trace
from tinygpt.ui import render
from tinygpt.ui.api import QUIET, told
from tinygpt.ui.lessons import lessons
from tinygpt.ui.look import Shown
from tinygpt.ui.machine import Reading, machine
from tinygpt.ui.recipe import Recipe
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import Shelf

_HINT = "What the tab Write shows is looked into here: its text, or its prompt while there is none."


@dataclass(frozen=True)
class Sight:
    """What a visitor looks into: a character of a text, and a head."""

    shown: Shown
    place: int  # in the continuation; negative ones count back from the end of the prompt
    layer: int = 0
    head: int = 0

    @property
    def came(self) -> str:
        """The character after it; "" where the text ends."""
        if self.place + 1 < 0:
            return self.shown.recipe.prompt[self.place + 1]
        return self.shown.continuation[self.place + 1 :][:1]

    @property
    def dice(self) -> float | None:
        """The number that drew the one after it, None where none was drawn."""
        place, recipe = self.place + 1, self.shown.recipe
        drawn = recipe.settings.draws and place not in recipe.chosen and 0 <= place < len(self.shown.continuation)
        return uniform(recipe.settings.seed, place) if drawn else None


def inside_tab(shelf: Shelf, menu: gr.Dropdown, tab: gr.Tab, written: list[Component]) -> None:
    """Lay out the tab, and have it look into what is `written` (see write_tab) whenever it is chosen.

    Whatever the menu says by then, a text is read by the weights that wrote it.
    """
    sight = gr.State(None)
    build = "window.tinygpt.heads(element, trigger)"
    heads = gr.HTML(f'<p class="blank">{_HINT}</p>', elem_id="heads", js_on_load=build)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            drawing = gr.HTML("", elem_id="machine")
        with gr.Column(scale=6, min_width=320):
            beside = gr.HTML("", elem_id="lessons")

    def opened(shown: Shown | None, prompt: str, weights: str, temperature: float, top_k: int, top_p: float) -> tuple:
        try:
            shown = shown or unwritten(shelf[weights], prompt, temperature, top_k, top_p)
        except ValueError as error:
            return render.refusal(error), "", "", None
        session, came = shelf.of(shown.recipe.weights_sha256), shown.place
        if came is None:
            came = len(shown.continuation) - 1
        sight = Sight(shown, came - 1 if shown.continuation else -1)  # that which a character came from
        text, here = session.window_at(shown.recipe.prompt, shown.continuation, sight.place)
        explained = lessons(session.config, len(session.facts.get("teachers_sha256", ())))
        return maps(text, here, session.trace(text)), drawn(session, sight), explained, sight

    def chosen(sight: Sight | None, event: gr.EventData) -> tuple:
        try:
            session = shelf.of(sight.shown.recipe.weights_sha256)
            sight = moved(session, sight, *(told(event, part) for part in ("index", "layer", "head")))
        except (AttributeError, ValueError):  # nothing is looked at yet, or no such character or head
            return gr.skip(), gr.skip()
        return drawn(session, sight), sight

    tab.select(opened, written, [heads, drawing, beside, sight], queue=False, **QUIET)
    heads.select(chosen, sight, [drawing, sight], queue=False, trigger_mode="always_last", **QUIET)


def unwritten(session: Session, prompt: str, temperature: float, top_k: int, top_p: float) -> Shown:
    """A prompt that nothing was written for yet. Raises ValueError as SampleConfig and Session.check do."""
    settings = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p)
    session.check(prompt, settings)
    return Shown(Recipe(session.tokenizer.normalise(prompt)[0], settings, session.facts["weights_sha256"]), "")


def moved(session: Session, sight: Sight, index: object, layer: object, head: object) -> Sight:
    """The same text, looked at where its window has character `index`. Raises ValueError where there is none."""
    text, here = session.window_at(sight.shown.recipe.prompt, sight.shown.continuation, sight.place)
    check_integer("index", index, 0, len(text) - 1)
    check_integer("layer", layer, 0, session.config.n_layer - 1)
    check_integer("head", head, 0, session.config.n_head - 1)
    return replace(sight, place=sight.place + index - here, layer=layer, head=head)


def drawn(session: Session, sight: Sight) -> str:
    """The machine as it reads the character that is looked at."""
    recipe = sight.shown.recipe
    text, here = session.window_at(recipe.prompt, sight.shown.continuation, sight.place)
    trace = session.trace(text[: here + 1])
    return machine(
        Reading(
            config=session.config,
            vocabulary=session.tokenizer.vocabulary,
            text=text[: here + 1],
            trace=trace,
            layer=sight.layer,
            head=sight.head,
            shares_V=expected(trace.logits_LV[-1], recipe.settings).kept_V,
            settings=_in_words(recipe.settings, session.tokenizer.vocab_size),
            dice=sight.dice,
            came=sight.came,
        )
    )


def maps(text: str, here: int, trace: Trace) -> str:
    """HTML of every head's attention in a text; the page's script draws it from the numbers that come along.

    Of each weight comes the square root in one byte: fine where weights are small, and most are.
    """
    weights_LHTT = trace.attention()
    coded = b64encode(zlib.compress(np.rint(255 * np.sqrt(weights_LHTT)).astype(np.uint8).tobytes(), level=1)).decode()
    layers, heads = weights_LHTT.shape[:2]
    return (
        f'<section class="inside" aria-label="Attention" data-text="{escape(text)}" data-here="{here}" '
        f'data-layers="{layers}" data-heads="{heads}" data-weights="{coded}">'
        "<p>Each character gathers from those before it: the deeper the colour, the more. Choose a character, and a "
        "head.</p><div class='window' tabindex='0' role='group' "
        "aria-label='The text. Arrow keys choose the character whose attention is shown.'></div>"
        "<p class='told' aria-live='polite'></p>"
        "<div class='sides'><div><div class='overview' role='group' aria-label='All heads'></div>"
        "<p class='legend'>Each row a block, each column one of its heads.</p></div>"
        "<div><div class='large' tabindex='0' role='group' "
        "aria-label='Map of one head. Arrow keys move over its cells, Enter chooses the row’s character.'>"
        "<canvas></canvas><i class='row'></i><i class='cell'></i></div>"
        "<p class='legend'>Down: who reads. Across: what it reads. The empty half is the causal mask: nobody reads "
        "what comes later.</p></div></div></section>"
    )


def _in_words(settings: SampleConfig, vocab_size: int) -> str:
    if not settings.temperature or settings.beam_width:
        return "at temperature 0" if not settings.beam_width else "as the beam weighs them"
    words = [f"at temperature {settings.temperature:g}"]
    words += [f"top-k {settings.top_k}"] if settings.top_k and settings.top_k < vocab_size else []
    words += [f"top-p {settings.top_p:g}"] if settings.top_p and settings.top_p < 1 else []
    return ", ".join(words)
